import type { Group } from '@muster/contracts';
import { ApiProperty, ApiPropertyOptional } from '@nestjs/swagger';
import { GROUPS, StratumNameDto } from '../get-audiences/audiences.dto';

export const HISTORY_KINDS = [
  'entered_segment',
  'left_segment',
  'entered_campaign',
  'left_campaign',
  'changed_group',
  'attribute_changed',
] as const;

class ShareDto {
  @ApiProperty({ type: Number, nullable: true, example: 15 })
  percent!: number | null;

  @ApiProperty({ type: Number, nullable: true, description: 'An exact number; with both, the smaller holds.' })
  count!: number | null;
}

class StratumTotalsDto {
  @ApiProperty({ example: 310 })
  assigned!: number;

  @ApiProperty({ example: 46 })
  control!: number;
}

class DrawDto {
  @ApiProperty({ example: 12, description: 'From 1; recomputed from the seed of the epoch.' })
  rank!: number;

  @ApiProperty({ example: 310 })
  of!: number;

  @ApiProperty({ example: 46, description: 'Who is of a rank up to this is control.' })
  drawn!: number;
}

export class ReasonDto {
  @ApiProperty({ enum: GROUPS })
  group!: Group;

  @ApiProperty({ example: 1 })
  epoch!: number;

  @ApiProperty({ type: StratumNameDto })
  stratum!: StratumNameDto;

  @ApiProperty({ type: ShareDto, nullable: true, description: 'Null: the local control group was off.' })
  share!: ShareDto | null;

  @ApiProperty({ type: StratumTotalsDto, description: 'Of the stratum in the epoch, after this change.' })
  counts!: StratumTotalsDto;

  @ApiPropertyOptional({ type: DrawDto, description: 'Absent where the group came from no draw.' })
  draw?: DrawDto;
}

export class HistoryItemDto {
  @ApiProperty({ format: 'date-time' })
  at!: string;

  @ApiProperty({ enum: HISTORY_KINDS })
  kind!: (typeof HISTORY_KINDS)[number];

  @ApiPropertyOptional({ format: 'uuid' })
  segmentId?: string;

  @ApiPropertyOptional({ format: 'uuid' })
  campaignId?: string;

  @ApiPropertyOptional({ example: 'Spring offers', description: 'Name of the segment or campaign.' })
  name?: string;

  @ApiPropertyOptional({ example: 'conditions' })
  cause?: string;

  @ApiPropertyOptional({ enum: GROUPS, description: 'After entering or changing; before leaving.' })
  group?: Group;

  @ApiPropertyOptional({ type: ReasonDto })
  reason?: ReasonDto;

  @ApiPropertyOptional({ example: 'city' })
  field?: string;

  @ApiPropertyOptional({ nullable: true, description: 'The value before.' })
  old?: unknown;

  @ApiPropertyOptional({ nullable: true, description: 'The value after.' })
  new?: unknown;

  @ApiProperty({ example: 'control: rank 12 of 310 in stratum married × tertiary, 46 were drawn' })
  sentence!: string;
}

export class ProfileHistoryDto {
  @ApiProperty({ example: 4711 })
  profileNumber!: number;

  @ApiProperty({ example: 'c-4711' })
  externalId!: string;

  @ApiProperty({ type: [HistoryItemDto], description: 'Newest first.' })
  items!: HistoryItemDto[];
}
