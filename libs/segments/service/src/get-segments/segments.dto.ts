import type { MembershipCause, SegmentKind } from '@muster/contracts';
import { PageQuery } from '@muster/platform';
import type { Condition } from '@muster/segmentation';
import { ApiProperty, ApiPropertyOptional } from '@nestjs/swagger';
import { IsIn, IsOptional, IsUUID } from 'class-validator';
import { ProfileDto } from '../segments/profile.dto';
import { CONDITION_EXAMPLE, RangeDto } from '../segments/selection.dto';
import { UserDto } from '../segments/user.dto';

export class SegmentListQuery extends PageQuery {
  @ApiPropertyOptional({ format: 'uuid' })
  @IsOptional()
  @IsUUID()
  databaseId?: string;

  @ApiPropertyOptional({ enum: ['true', 'false'], default: 'false', description: 'Those in the bin instead.' })
  @IsOptional()
  @IsIn(['true', 'false'])
  deleted?: 'true' | 'false';
}

class SegmentListItemDto {
  @ApiProperty({ format: 'uuid' })
  segmentId!: string;

  @ApiProperty({ format: 'uuid' })
  databaseId!: string;

  @ApiProperty({ example: 'Adults in credit' })
  name!: string;

  @ApiProperty({ enum: ['static', 'dynamic', 'scheduled'] })
  kind!: string;

  @ApiProperty()
  description!: string;

  @ApiProperty({ type: [String] })
  tags!: string[];

  @ApiProperty({ example: 12_345 })
  count!: number;

  @ApiProperty({ description: 'Whether a run has ever completed.' })
  calculated!: boolean;

  @ApiProperty({ description: 'Whether a run is in progress.' })
  running!: boolean;

  @ApiProperty()
  deleted!: boolean;

  @ApiProperty({ format: 'date-time', type: String })
  createdAt!: Date;

  @ApiProperty({ format: 'date-time', type: String })
  changedAt!: Date;
}

const NEXT_CURSOR = { type: String, nullable: true, description: 'Null on the last page.' } as const;

export class SegmentPageDto {
  @ApiProperty({ type: [SegmentListItemDto] })
  items!: SegmentListItemDto[];

  @ApiProperty(NEXT_CURSOR)
  nextCursor!: string | null;
}

class RunInProgressDto {
  @ApiProperty({ format: 'uuid' })
  runId!: string;

  @ApiProperty({ example: 'conditions' })
  cause!: MembershipCause;
}

export class SegmentDto {
  @ApiProperty({ format: 'uuid' })
  segmentId!: string;

  @ApiProperty({ format: 'uuid' })
  databaseId!: string;

  @ApiProperty({ example: 'Adults in credit' })
  name!: string;

  @ApiProperty({ enum: ['static', 'dynamic', 'scheduled'] })
  kind!: SegmentKind;

  @ApiProperty()
  description!: string;

  @ApiProperty({ type: [String] })
  tags!: string[];

  @ApiProperty({ type: 'object', additionalProperties: true, nullable: true, example: CONDITION_EXAMPLE })
  condition!: Condition | null;

  @ApiProperty({ type: RangeDto })
  range!: RangeDto;

  @ApiProperty({ type: Number, nullable: true })
  limit!: number | null;

  @ApiProperty({ example: 12_345 })
  count!: number;

  @ApiProperty({ description: 'Whether a run has ever completed.' })
  calculated!: boolean;

  @ApiProperty({ type: RunInProgressDto, nullable: true })
  run!: RunInProgressDto | null;

  @ApiProperty()
  deleted!: boolean;

  @ApiProperty({ type: [UserDto], description: 'What depends on the segment: it cannot be deleted before.' })
  usedBy!: UserDto[];
}

export class SegmentMembersPageDto {
  @ApiProperty({ description: 'All members.' })
  count!: number;

  @ApiProperty({ type: [ProfileDto] })
  items!: ProfileDto[];

  @ApiProperty(NEXT_CURSOR)
  nextCursor!: string | null;
}

export class SegmentRunDto {
  @ApiProperty({ format: 'uuid' })
  runId!: string;

  @ApiProperty({ format: 'uuid' })
  segmentId!: string;

  @ApiProperty({ example: 'conditions' })
  cause!: string;

  @ApiProperty({ example: 'development' })
  initiator!: string;

  @ApiProperty({ enum: ['in_progress', 'completed', 'error'] })
  state!: 'in_progress' | 'completed' | 'error';

  @ApiProperty({ format: 'date-time', type: String })
  startedAt!: Date;

  @ApiProperty({ format: 'date-time', type: String, nullable: true })
  endedAt!: Date | null;

  @ApiProperty({ type: Number, nullable: true, description: 'Members found.' })
  found!: number | null;

  @ApiProperty({ type: Number, nullable: true })
  added!: number | null;

  @ApiProperty({ type: Number, nullable: true })
  removed!: number | null;

  @ApiProperty({ type: String, nullable: true, description: 'Why it failed; the members stayed as they were.' })
  error!: string | null;
}

export class SegmentRunPageDto {
  @ApiProperty({ type: [SegmentRunDto] })
  items!: SegmentRunDto[];

  @ApiProperty(NEXT_CURSOR)
  nextCursor!: string | null;
}
