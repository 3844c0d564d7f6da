import type { Handled } from '@muster/aggregates';
import { answer, ApiProblems, CommandContext, Roles, type Answer } from '@muster/platform';
import { Controller, Delete, Param, ParseUUIDPipe } from '@nestjs/common';
import { CommandBus } from '@nestjs/cqrs';
import { ApiNoContentResponse, ApiOperation, ApiTags } from '@nestjs/swagger';
import { RemoveField } from './remove-field.handler';

@ApiTags('profile databases')
@Controller('profile-databases/:databaseId/fields')
export class RemoveFieldController {
  constructor(private readonly commands: CommandBus) {}

  @Delete(':name')
  @Roles('marketer')
  @ApiOperation({ summary: 'Remove a field with its values' })
  @ApiNoContentResponse()
  @ApiProblems('DATABASE_NOT_FOUND', 'FIELD_UNKNOWN', 'FIELD_IN_USE', 'IMPORT_IN_PROGRESS', 'REVISION_STALE')
  async remove(
    @Param('databaseId', ParseUUIDPipe) databaseId: string,
    @Param('name') name: string,
    @CommandContext() context: CommandContext,
  ): Promise<Answer<undefined>> {
    const handled = await this.commands.execute<RemoveField, Handled>(new RemoveField(databaseId, name, context));
    return answer(handled, undefined, { status: 204 });
  }
}
