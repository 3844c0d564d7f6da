import type { Handled } from '@muster/aggregates';
import { answer, ApiProblems, CommandContext, Roles, type Answer } from '@muster/platform';
import { Body, Controller, Param, ParseUUIDPipe, Patch } from '@nestjs/common';
import { CommandBus } from '@nestjs/cqrs';
import { ApiOkResponse, ApiOperation, ApiProperty, ApiTags } from '@nestjs/swagger';
import { IsString, MaxLength } from 'class-validator';
import { RenameProfileDatabase } from './rename-profile-database.handler';

class RenameProfileDatabaseDto {
  @ApiProperty({ example: 'Clients', maxLength: 200 })
  @IsString()
  @MaxLength(200)
  name!: string;
}

class RenamedProfileDatabaseDto {
  @ApiProperty({ format: 'uuid' })
  databaseId!: string;

  @ApiProperty()
  name!: string;
}

@ApiTags('profile databases')
@Controller('profile-databases/:databaseId')
export class RenameProfileDatabaseController {
  constructor(private readonly commands: CommandBus) {}

  @Patch()
  @Roles('marketer')
  @ApiOperation({ summary: 'Rename a profile database' })
  @ApiOkResponse({ type: RenamedProfileDatabaseDto })
  @ApiProblems('DATABASE_NOT_FOUND', 'REVISION_STALE')
  async rename(
    @Param('databaseId', ParseUUIDPipe) databaseId: string,
    @Body() { name }: RenameProfileDatabaseDto,
    @CommandContext() context: CommandContext,
  ): Promise<Answer<RenamedProfileDatabaseDto>> {
    const command = new RenameProfileDatabase(databaseId, name, context);
    const handled = await this.commands.execute<RenameProfileDatabase, Handled>(command);
    return answer(handled, { databaseId, name });
  }
}
