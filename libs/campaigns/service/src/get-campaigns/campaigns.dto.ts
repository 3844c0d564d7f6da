import type { ActivityKind, CampaignStatus } from '@muster/contracts';
import { PageQuery } from '@muster/platform';
import { ApiProperty, ApiPropertyOptional } from '@nestjs/swagger';
import { IsIn, IsOptional, IsUUID } from 'class-validator';
import { ACTIVITY_KINDS } from '../campaigns/activity.dto';
import { LcgDto } from '../campaigns/settings.dto';

const STATUSES = ['inactive', 'waiting', 'audience_building', 'active', 'audience_exclusion', 'completed'] as const;
const NEXT_CURSOR = { type: String, nullable: true, description: 'Null on the last page.' } as const;

export class CampaignListQuery extends PageQuery {
  @ApiPropertyOptional({ format: 'uuid' })
  @IsOptional()
  @IsUUID()
  databaseId?: string;

  @ApiPropertyOptional({ format: 'uuid' })
  @IsOptional()
  @IsUUID()
  segmentId?: string;

  @ApiPropertyOptional({ enum: STATUSES })
  @IsOptional()
  @IsIn(STATUSES)
  status?: CampaignStatus;
}

class CampaignBaseDto {
  @ApiProperty({ format: 'uuid' })
  campaignId!: string;

  @ApiProperty({ example: 'Spring offers' })
  name!: string;

  @ApiProperty()
  description!: string;

  @ApiProperty({ type: [String] })
  tags!: string[];

  @ApiProperty({ format: 'uuid' })
  databaseId!: string;

  @ApiProperty({ format: 'uuid' })
  segmentId!: string;

  @ApiProperty({ enum: STATUSES })
  status!: CampaignStatus;
}

class CampaignListItemDto extends CampaignBaseDto {
  @ApiProperty({ type: Number, nullable: true, description: 'Members after the last build.' })
  members!: number | null;

  @ApiProperty({ type: Number, nullable: true, description: 'Control profiles after the last build.' })
  control!: number | null;

  @ApiProperty({ format: 'date-time', type: String })
  createdAt!: Date;

  @ApiProperty({ format: 'date-time', type: String })
  changedAt!: Date;
}

export class CampaignPageDto {
  @ApiProperty({ type: [CampaignListItemDto] })
  items!: CampaignListItemDto[];

  @ApiProperty(NEXT_CURSOR)
  nextCursor!: string | null;
}

class StratumDto {
  @ApiProperty({ example: '3f2a9c0d1e4b5a67' })
  hash!: string;

  @ApiProperty({ example: 'married × tertiary' })
  label!: string;
}

class CampaignActivityDto {
  @ApiProperty({ format: 'uuid' })
  activityId!: string;

  @ApiProperty({ enum: ACTIVITY_KINDS })
  kind!: ActivityKind;

  @ApiProperty()
  name!: string;

  @ApiProperty()
  ignoresLcg!: boolean;

  @ApiProperty()
  expandsAudience!: boolean;
}

class BuildInHandDto {
  @ApiProperty({ format: 'uuid' })
  buildId!: string;

  @ApiProperty({ type: String, nullable: true, description: 'Why its last try failed; it is tried again.' })
  failure!: string | null;
}

export class CampaignDto extends CampaignBaseDto {
  @ApiProperty({ type: LcgDto, nullable: true })
  lcg!: LcgDto | null;

  @ApiProperty({ type: [StratumDto], nullable: true, description: 'Null: everyone is in one stratum.' })
  strata!: StratumDto[] | null;

  @ApiProperty({ type: [CampaignActivityDto] })
  activities!: CampaignActivityDto[];

  @ApiProperty({ type: BuildInHandDto, nullable: true })
  build!: BuildInHandDto | null;
}
