import type { Group } from '@muster/contracts';
import { PageQuery } from '@muster/platform';
import { ApiProperty, ApiPropertyOptional } from '@nestjs/swagger';
import { IsIn, IsOptional, IsString, Matches, MaxLength } from 'class-validator';
import type { AudienceStatus } from '../read-models/audiences/audience-record';

export const GROUPS = ['test', 'control'] as const;
const STATUSES = ['empty', 'building', 'active', 'paused', 'excluded'] as const;
export const AS_OF = {
  format: 'date-time',
  example: '2026-03-01T00:00:00.000Z',
  description: 'The audience as of this instant. Absent: now.',
};
const POSITION = {
  example: '0000000000000000042',
  description: 'The last change that is in the answer; empty before the first.',
};

export class AsOfQuery {
  @ApiPropertyOptional(AS_OF)
  @IsOptional()
  @IsString()
  @MaxLength(40)
  asOf?: string;
}

export class MembersQuery extends PageQuery {
  @ApiPropertyOptional({ enum: GROUPS })
  @IsOptional()
  @IsIn(GROUPS)
  group?: Group;

  @ApiPropertyOptional({ example: '3f2a9c0d1e4b5a67', description: 'Stratum hash.' })
  @IsOptional()
  @Matches(/^[0-9a-f]{16}$/)
  stratum?: string;

  @ApiPropertyOptional(AS_OF)
  @IsOptional()
  @IsString()
  @MaxLength(40)
  asOf?: string;
}

export class StratumNameDto {
  @ApiProperty({ example: '3f2a9c0d1e4b5a67' })
  hash!: string;

  @ApiProperty({ example: 'married × tertiary' })
  label!: string;
}

export class StratumCountsDto extends StratumNameDto {
  @ApiProperty({ example: 4, description: 'Its place in the order of its stratification.' })
  code!: number;

  @ApiProperty({ example: 1 })
  epoch!: number;

  @ApiProperty({ example: 310, description: 'Profiles that were given a group in this epoch; leavers count.' })
  assigned!: number;

  @ApiProperty({ example: 46, description: 'Those of them in the local control group.' })
  control!: number;

  @ApiProperty({ example: 261, description: 'Test profiles that are members.' })
  presentTest!: number;

  @ApiProperty({ example: 44, description: 'Control profiles that are members.' })
  presentControl!: number;

  @ApiProperty({ type: Number, nullable: true, example: 0.1484, description: 'control / assigned' })
  share!: number | null;
}

export class AudienceDto {
  @ApiProperty({ format: 'uuid' })
  campaignId!: string;

  @ApiProperty({ enum: STATUSES, example: 'active' })
  status!: AudienceStatus;

  @ApiProperty({ example: 4521 })
  members!: number;

  @ApiProperty({ example: 3843 })
  test!: number;

  @ApiProperty({ example: 678 })
  control!: number;

  @ApiProperty({ example: 1, description: 'The present epoch; 0 before the first.' })
  epoch!: number;

  @ApiProperty(POSITION)
  position!: string;

  @ApiProperty({ type: String, nullable: true, format: 'date-time', description: 'Null: now.' })
  asOf!: string | null;

  @ApiProperty({
    type: [StratumCountsDto],
    description: 'The strata of the present epoch, then those of earlier epochs in which profiles were assigned.',
  })
  strata!: StratumCountsDto[];
}

export class MemberDto {
  @ApiProperty({ example: 4711 })
  profileNumber!: number;

  @ApiProperty({ type: String, nullable: true, example: 'c-4711', description: 'Null for a profile that is gone.' })
  externalId!: string | null;

  @ApiProperty({ enum: GROUPS })
  group!: Group;

  @ApiProperty({ type: StratumNameDto })
  stratum!: StratumNameDto;

  @ApiProperty({ example: 1, description: 'The epoch in which it was given its group.' })
  epoch!: number;

  @ApiProperty({ example: 'build' })
  cause!: string;

  @ApiProperty({ format: 'date-time' })
  enteredAt!: string;

  @ApiProperty({
    type: 'object',
    additionalProperties: true,
    example: { age: 42, marital: 'married' },
    description: 'As they are now.',
  })
  attributes!: Record<string, unknown>;
}

export class MembersPageDto {
  @ApiProperty({ example: 678, description: 'Of all pages.' })
  count!: number;

  @ApiProperty({ type: [MemberDto] })
  items!: MemberDto[];

  @ApiProperty({ type: String, nullable: true, description: 'Null on the last page.' })
  nextCursor!: string | null;

  @ApiProperty({ ...POSITION, description: `${POSITION.description} All pages of one cursor are of one position.` })
  position!: string;
}
