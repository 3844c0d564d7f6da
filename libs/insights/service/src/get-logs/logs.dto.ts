import { ApiProperty, ApiPropertyOptional } from '@nestjs/swagger';
import { IsIn, IsOptional } from 'class-validator';

const NEXT_CURSOR = { type: String, nullable: true, description: 'Null on the last page.' } as const;

export class ActorDto {
  @ApiProperty({ enum: ['person', 'key', 'system'] })
  kind!: string;

  @ApiProperty()
  id!: string;

  @ApiProperty({ example: 'System' })
  name!: string;
}

class LogItemDto {
  @ApiProperty({ format: 'date-time' })
  at!: string;

  @ApiProperty({ example: '0000000000000000042' })
  position!: string;

  @ApiProperty({ type: ActorDto })
  actor!: ActorDto;

  @ApiProperty({
    type: 'object',
    additionalProperties: true,
    example: { buildId: '5f0c6c1e-8a55-4a0f-9d0c-0d6c2f3f1b7a' },
    description: 'By type.',
  })
  details!: Record<string, unknown>;
}

export class AudienceLogItemDto extends LogItemDto {
  @ApiProperty({ example: 'AudienceBuilt' })
  type!: string;

  @ApiProperty({ type: String, nullable: true, example: 'build' })
  cause!: string | null;

  @ApiProperty({ example: 4521 })
  entered!: number;

  @ApiProperty({ example: 0 })
  left!: number;

  @ApiProperty({ example: 0, description: 'From control to test.' })
  changed!: number;

  @ApiProperty({ example: 4521, description: 'After it.' })
  members!: number;

  @ApiProperty({ example: 678, description: 'After it.' })
  control!: number;
}

export class AudienceLogPageDto {
  @ApiProperty({ type: [AudienceLogItemDto] })
  items!: AudienceLogItemDto[];

  @ApiProperty(NEXT_CURSOR)
  nextCursor!: string | null;
}

export class SegmentLogItemDto extends LogItemDto {
  @ApiProperty({ example: 'SegmentMembersChanged' })
  type!: string;

  @ApiProperty({ type: String, nullable: true, example: 'conditions' })
  cause!: string | null;

  @ApiProperty({ example: 60 })
  added!: number;

  @ApiProperty({ example: 3 })
  removed!: number;

  @ApiProperty({ type: Number, nullable: true, example: 4521, description: 'Members after a change of members.' })
  count!: number | null;
}

export class SegmentLogPageDto {
  @ApiProperty({ type: [SegmentLogItemDto] })
  items!: SegmentLogItemDto[];

  @ApiProperty(NEXT_CURSOR)
  nextCursor!: string | null;
}

export class CampaignLogItemDto extends LogItemDto {
  @ApiProperty({ example: 'CampaignActivated' })
  type!: string;
}

export class CampaignLogPageDto {
  @ApiProperty({ type: [CampaignLogItemDto] })
  items!: CampaignLogItemDto[];

  @ApiProperty(NEXT_CURSOR)
  nextCursor!: string | null;
}

export const BUCKETS = ['day', 'week', 'month'] as const;

export class SizesQuery {
  @ApiPropertyOptional({ enum: BUCKETS, default: 'day', description: 'In UTC; weeks begin on Mondays.' })
  @IsOptional()
  @IsIn(BUCKETS)
  bucket: (typeof BUCKETS)[number] = 'day';
}

class SizeDto {
  @ApiProperty({ format: 'date', example: '2026-03-01', description: 'The first day of the bucket.' })
  from!: string;

  @ApiProperty({ example: 60 })
  added!: number;

  @ApiProperty({ example: 3 })
  removed!: number;

  @ApiProperty({ example: 4521, description: 'Members at its end.' })
  count!: number;
}

export class SizesDto {
  @ApiProperty({ type: [SizeDto], description: 'Oldest first; buckets in which nothing changed are left out.' })
  items!: SizeDto[];
}
