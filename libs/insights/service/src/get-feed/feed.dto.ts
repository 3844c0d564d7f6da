import type { Context, Feed } from '@muster/contracts';
import { CONTRACTS } from '@muster/contracts/registry';
import { ApiProperty, ApiPropertyOptional } from '@nestjs/swagger';
import { Transform, Type } from 'class-transformer';
import { IsIn, IsInt, IsOptional, IsString, IsUUID, Max, MaxLength, Min } from 'class-validator';

const CONTEXTS = ['segments', 'campaigns', 'audiences'] as const satisfies readonly Context[];
/** The profile feed is Kafka's alone: one set can be a million of its messages. */
const FEEDS = ['sets', 'lifecycle'] as const satisfies readonly Feed[];

const TYPES = CONTRACTS.filter(({ feed }) => FEEDS.some((known) => known === feed)).map(({ type }) => type);

/** `a,b` and, as OpenAPI's clients write it, `name=a&name=b`. */
const list = ({ value }: { value: unknown }): unknown =>
  [value].flat().flatMap((one) => (typeof one === 'string' ? one.split(',') : [one]));
const LIST = 'Repeated, or separated by commas.';

/** What of the feed a subscriber wants, at a snapshot and after it. */
export class SubjectQuery {
  @ApiPropertyOptional({
    type: [String],
    enum: CONTEXTS,
    description: `Of these services only. ${LIST} Absent: all.`,
  })
  @IsOptional()
  @Transform(list)
  @IsIn(CONTEXTS, { each: true })
  contexts: readonly Context[] = CONTEXTS;

  @ApiPropertyOptional({ format: 'uuid', description: 'Of this segment or campaign only.' })
  @IsOptional()
  @IsUUID()
  subject?: string;

  @ApiPropertyOptional({ minimum: 1, maximum: 1000, default: 100, description: 'Items of one page; 4 MiB at most.' })
  @Type(() => Number)
  @IsInt()
  @Min(1)
  @Max(1000)
  limit = 100;
}

export class FeedQuery extends SubjectQuery {
  @ApiPropertyOptional({
    description: 'A `nextCursor` or the `feedCursor` of a snapshot. Absent: from the first event on.',
  })
  @IsOptional()
  @IsString()
  @MaxLength(2000)
  after?: string;

  @ApiPropertyOptional({ type: [String], enum: FEEDS, description: `${LIST} Absent: both.` })
  @IsOptional()
  @Transform(list)
  @IsIn(FEEDS, { each: true })
  feeds: readonly Feed[] = FEEDS;

  @ApiPropertyOptional({
    type: [String],
    enum: TYPES,
    example: ['muster.campaigns.CampaignStatusChanged.v1'],
    description: `Events of these types only. ${LIST} Absent: all.`,
  })
  @IsOptional()
  @Transform(list)
  @IsIn(TYPES, { each: true })
  types?: readonly string[];

  @ApiPropertyOptional({
    minimum: 0,
    maximum: 30,
    default: 0,
    description: 'Where nothing has come yet: wait so many seconds until something does.',
  })
  @Type(() => Number)
  @IsInt()
  @Min(0)
  @Max(30)
  waitSeconds = 0;
}

/** CloudEvents 1.0, and what Muster adds. */
export class EnvelopeDto {
  @ApiProperty({ enum: ['1.0'] })
  specversion!: '1.0';

  @ApiProperty({ example: '/muster/campaigns' })
  source!: string;

  @ApiProperty({ format: 'date-time' })
  time!: string;

  @ApiProperty({ format: 'uuid', description: 'The segment or campaign.' })
  subject!: string;

  @ApiProperty({ enum: ['application/json'] })
  datacontenttype!: 'application/json';

  @ApiProperty({ example: '0000000000000000042', description: 'Opaque, and of one store.' })
  position!: string;
}

export class IntegrationEventDto extends EnvelopeDto {
  @ApiProperty({
    example: 'campaign-5f0c6c1e-8a55-4a0f-9d0c-0d6c2f3f1b7a/3/1',
    description: '`<stream>/<revision>/<n>`, the same on every way and every time: repeats are told by it.',
  })
  id!: string;

  @ApiProperty({ example: 'muster.campaigns.CampaignStatusChanged.v1' })
  type!: string;

  @ApiProperty({ example: 'c0a7e0a4-5d1c-4a53-9a1e-2b6f3d9a7c11' })
  correlationid!: string;

  @ApiPropertyOptional({ example: '0b9a6d3e-7d70-4f0b-8f6c-6f8f4b8f2d55' })
  causationid?: string;

  @ApiProperty({
    type: 'object',
    additionalProperties: true,
    example: {
      campaignId: '5f0c6c1e-8a55-4a0f-9d0c-0d6c2f3f1b7a',
      status: 'active',
      previous: 'audience_building',
    },
    description: 'By type.',
  })
  data!: unknown;
}

export class FeedPageDto {
  @ApiProperty({ type: [IntegrationEventDto], description: 'In the order of the log, over all services.' })
  items!: readonly IntegrationEventDto[];

  @ApiProperty({
    example: 'eyJzdG9yZSI6IjVmMGM2YzFlIiwicG9zaXRpb24iOiIwMDAwMDAwMDAwMDAwMDAwMDQyIn0',
    description: 'The `after` of the next page; also where nothing came. Keep it beside what you made of the items.',
  })
  nextCursor!: string;

  @ApiProperty({ description: 'True: this was all there is by now.' })
  caughtUp!: boolean;
}
