import type { Handled } from '@muster/aggregates';
import { answer, ApiProblems, CommandContext, Roles, type Answer } from '@muster/platform';
import { Controller, Delete, Param, ParseUUIDPipe } from '@nestjs/common';
import { CommandBus } from '@nestjs/cqrs';
import { ApiNoContentResponse, ApiOperation, ApiTags } from '@nestjs/swagger';
import { DeleteProfileDatabase } from './delete-profile-database.handler';

@ApiTags('profile databases')
@Controller('profile-databases/:databaseId')
export class DeleteProfileDatabaseController {
  constructor(private readonly commands: CommandBus) {}

  @Delete()
  @Roles('admin')
  @ApiOperation({ summary: 'Delete a profile database with everything known about its profiles' })
  @ApiNoContentResponse()
  @ApiProblems('DATABASE_NOT_FOUND', 'DATABASE_IN_USE', 'IMPORT_IN_PROGRESS', 'REVISION_STALE')
  async delete(
    @Param('databaseId', ParseUUIDPipe) databaseId: string,
    @CommandContext() context: CommandContext,
  ): Promise<Answer<undefined>> {
    const command = new DeleteProfileDatabase(databaseId, context);
    const handled = await this.commands.execute<DeleteProfileDatabase, Handled>(command);
    return answer(handled, undefined, { status: 204 });
  }
}
