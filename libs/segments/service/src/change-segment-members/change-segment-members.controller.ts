import { ApiProblems, CommandContext, NewId, Roles, answer, type Answer } from '@muster/platform';
import { Body, Controller, Param, ParseUUIDPipe, Post } from '@nestjs/common';
import { CommandBus } from '@nestjs/cqrs';
import { ApiOkResponse, ApiOperation, ApiProperty, ApiPropertyOptional, ApiTags } from '@nestjs/swagger';
import { ArrayMaxSize, IsArray, IsOptional, IsString, IsUUID, MaxLength } from 'class-validator';
import { ProfileImports } from '../import-profiles/profile-imports';
import { SegmentFill } from '../import-profiles/segment-fill';
import { ChangeSegmentMembers, type ChangedMembers } from './change-segment-members.handler';

const MAX_IDS = 100_000;

class ChangeMembersDto {
  @ApiPropertyOptional({ type: [String], maxItems: MAX_IDS, example: ['c-1', 'c-2'], description: 'External ids.' })
  @IsOptional()
  @IsArray()
  @ArrayMaxSize(MAX_IDS)
  @IsString({ each: true })
  @MaxLength(500, { each: true })
  add?: string[];

  @ApiPropertyOptional({ type: [String], maxItems: MAX_IDS, example: ['c-3'], description: 'External ids.' })
  @IsOptional()
  @IsArray()
  @ArrayMaxSize(MAX_IDS)
  @IsString({ each: true })
  @MaxLength(500, { each: true })
  remove?: string[];
}

class AddImportedDto {
  @ApiProperty({ format: 'uuid', description: 'A completed import into the profile database of the segment.' })
  @IsUUID()
  importId!: string;
}

class ChangedMembersDto {
  @ApiProperty({ format: 'uuid' })
  segmentId!: string;

  @ApiProperty({ format: 'uuid' })
  changeId!: string;

  @ApiProperty({ description: 'Who was not a member before.' })
  added!: number;

  @ApiProperty({ description: 'Who was a member before.' })
  removed!: number;

  @ApiProperty({ description: 'Members after the change.' })
  count!: number;
}

@ApiTags('segments')
@Controller('segments')
export class ChangeSegmentMembersController {
  constructor(
    private readonly commands: CommandBus,
    private readonly imports: ProfileImports,
    private readonly fill: SegmentFill,
  ) {}

  @Post(':segmentId/members')
  @Roles('marketer')
  @ApiOperation({
    summary: 'Add profiles to a static segment and remove others',
    description: `By external ids, at most ${String(MAX_IDS)} each. All or nothing: one unknown id refuses the call.`,
  })
  @ApiOkResponse({ type: ChangedMembersDto })
  @ApiProblems('SEGMENT_NOT_FOUND', 'SEGMENT_NOT_STATIC', 'SEGMENT_RUN_IN_PROGRESS', 'PROFILES_UNKNOWN')
  change(
    @Param('segmentId', ParseUUIDPipe) segmentId: string,
    @Body() { add = [], remove = [] }: ChangeMembersDto,
    @NewId() changeId: string,
    @CommandContext() context: CommandContext,
  ): Promise<Answer<ChangedMembersDto>> {
    return this.execute(new ChangeSegmentMembers(segmentId, changeId, { add, remove, cause: 'manual' }, context));
  }

  @Post(':segmentId/members/imported')
  @Roles('marketer')
  @ApiOperation({ summary: 'Add the profiles that an import touched to a static segment' })
  @ApiOkResponse({ type: ChangedMembersDto })
  @ApiProblems(
    'SEGMENT_NOT_FOUND',
    'SEGMENT_NOT_STATIC',
    'SEGMENT_RUN_IN_PROGRESS',
    'IMPORT_NOT_FOUND',
    'IMPORT_IN_PROGRESS',
  )
  async addImported(
    @Param('segmentId', ParseUUIDPipe) segmentId: string,
    @Body() { importId }: AddImportedDto,
    @CommandContext() { actor, correlationId, now }: CommandContext,
  ): Promise<Answer<ChangedMembersDto>> {
    const imported = await this.imports.touchedProfiles(importId);
    const filling = { segmentId, importId, ...imported };
    const { handled, change } = await this.fill.fill(filling, { actor, correlationId, now });
    return answer(handled, { segmentId, ...change });
  }

  private async execute(command: ChangeSegmentMembers): Promise<Answer<ChangedMembersDto>> {
    const { handled, change } = await this.commands.execute<ChangeSegmentMembers, ChangedMembers>(command);
    return answer(handled, { segmentId: command.segmentId, ...change });
  }
}
