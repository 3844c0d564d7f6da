import type { IntegrationEvent, SnapshotDocument } from '@muster/contracts';
import { SNAPSHOT_DOCUMENTS } from '@muster/contracts/registry';
import { ApiExtraModels, ApiProperty, ApiPropertyOptional, getSchemaPath } from '@nestjs/swagger';
import { IsOptional, IsString, MaxLength } from 'class-validator';
import { EnvelopeDto, IntegrationEventDto, SubjectQuery } from '../get-feed/feed.dto';

export class SnapshotQuery extends SubjectQuery {
  @ApiPropertyOptional({ description: 'The `nextCursor` of the page before, with the same filters; absent: begin.' })
  @IsOptional()
  @IsString()
  @MaxLength(2000)
  cursor?: string;
}

class SnapshotDocumentDto extends EnvelopeDto {
  @ApiProperty({ example: 'snapshot/0000000000000000042/audience-5f0c6c1e-8a55-4a0f-9d0c-0d6c2f3f1b7a/0' })
  id!: string;

  @ApiProperty({
    enum: SNAPSHOT_DOCUMENTS.map((declared) => declared.type),
    example: 'muster.audiences.AudienceMembersSnapshot.v1',
  })
  type!: string;

  @ApiProperty({
    type: 'object',
    additionalProperties: true,
    example: {
      campaignId: '5f0c6c1e-8a55-4a0f-9d0c-0d6c2f3f1b7a',
      databaseId: '0d6c2f3f-8a55-4a0f-9d0c-5f0c6c1e1b7a',
      profiles: 'OjAAAAEAAAAAAAIAEAAAAAEAAgADAA==',
      count: 3,
      control: 'OjAAAAEAAAAAAAAAEAAAAAIA',
      controlCount: 1,
    },
    description: 'By type.',
  })
  data!: unknown;
}

@ApiExtraModels(SnapshotDocumentDto, IntegrationEventDto)
export class SnapshotPageDto {
  @ApiProperty({
    type: 'array',
    items: { oneOf: [SnapshotDocumentDto, IntegrationEventDto].map((model) => ({ $ref: getSchemaPath(model) })) },
    description: 'Documents; and of a change that is half written at the position, the events that came before it.',
  })
  items!: readonly (SnapshotDocument | IntegrationEvent)[];

  @ApiProperty({ type: String, nullable: true, description: 'Null on the last page.' })
  nextCursor!: string | null;

  @ApiProperty({
    type: String,
    nullable: true,
    description: 'On the last page: the `after` with which the feed tells all that came since. Null before.',
  })
  feedCursor!: string | null;

  @ApiProperty({ example: '0000000000000000042', description: 'All pages of one snapshot are of one position.' })
  position!: string;
}
