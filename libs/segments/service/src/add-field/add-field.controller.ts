import type { Handled } from '@muster/aggregates';
import { answer, ApiProblems, CommandContext, Roles, type Answer } from '@muster/platform';
import { Body, Controller, Param, ParseUUIDPipe, Post } from '@nestjs/common';
import { CommandBus } from '@nestjs/cqrs';
import { ApiCreatedResponse, ApiOperation, ApiTags } from '@nestjs/swagger';
import { FieldDto } from '../profiles/field.dto';
import { AddField } from './add-field.handler';

@ApiTags('profile databases')
@Controller('profile-databases/:databaseId/fields')
export class AddFieldController {
  constructor(private readonly commands: CommandBus) {}

  @Post()
  @Roles('marketer')
  @ApiOperation({ summary: 'Add a field to a profile database' })
  @ApiCreatedResponse({ type: FieldDto })
  @ApiProblems('DATABASE_NOT_FOUND', 'FIELD_EXISTS', 'FIELD_INVALID', 'REVISION_STALE')
  async add(
    @Param('databaseId', ParseUUIDPipe) databaseId: string,
    @Body() field: FieldDto,
    @CommandContext() context: CommandContext,
  ): Promise<Answer<FieldDto>> {
    const handled = await this.commands.execute<AddField, Handled>(new AddField(databaseId, field, context));
    return answer(handled, field, { status: 201, location: `/profile-databases/${databaseId}` });
  }
}
