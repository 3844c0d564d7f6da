import type { Aggregates } from '@muster/aggregates';
import { existingActivity } from '@muster/campaigns-domain';
import type { ActivityKind } from '@muster/contracts';
import { AGGREGATES, ApiProblems, PageQuery, ReadsModel, Roles, withETag, type Answer } from '@muster/platform';
import { Controller, Get, Inject, Param, ParseUUIDPipe, Query } from '@nestjs/common';
import { ApiOkResponse, ApiOperation, ApiProperty, ApiPropertyOptional, ApiTags } from '@nestjs/swagger';
import { IsOptional, IsUUID } from 'class-validator';
import { ACTIVITY_KINDS } from '../campaigns/activity.dto';
import { activityAggregate } from '../campaigns/campaign.aggregates';
import { CampaignsQuery } from '../read-models/campaigns/campaigns.query';

class ActivityListQuery extends PageQuery {
  @ApiPropertyOptional({ format: 'uuid' })
  @IsOptional()
  @IsUUID()
  databaseId?: string;

  @ApiPropertyOptional({ format: 'uuid' })
  @IsOptional()
  @IsUUID()
  campaignId?: string;
}

class ActivityDto {
  @ApiProperty({ format: 'uuid' })
  activityId!: string;

  @ApiProperty({ enum: ACTIVITY_KINDS })
  kind!: ActivityKind;

  @ApiProperty({ example: 'Spring mail' })
  name!: string;

  @ApiProperty({ format: 'uuid' })
  databaseId!: string;

  @ApiProperty({ format: 'uuid', nullable: true, type: String, description: 'Null: the whole database.' })
  segmentId!: string | null;

  @ApiProperty()
  ignoresLcg!: boolean;

  @ApiProperty()
  expandsAudience!: boolean;

  @ApiProperty({ format: 'uuid', nullable: true, type: String })
  campaignId!: string | null;
}

class ActivityPageDto {
  @ApiProperty({ type: [ActivityDto] })
  items!: ActivityDto[];

  @ApiProperty({ type: String, nullable: true, description: 'Null on the last page.' })
  nextCursor!: string | null;
}

@ApiTags('activities')
@Controller('activities')
export class GetActivitiesController {
  constructor(
    private readonly campaigns: CampaignsQuery,
    @Inject(AGGREGATES) private readonly aggregates: Aggregates,
  ) {}

  @Get()
  @Roles('marketer', 'analyst', 'service')
  @ReadsModel('campaigns', 'campaigns')
  @ApiOperation({ summary: 'List activities, newest first' })
  @ApiOkResponse({ type: ActivityPageDto })
  list(@Query() { limit, cursor, ...filter }: ActivityListQuery): Promise<ActivityPageDto> {
    return this.campaigns.listActivities(filter, limit, cursor);
  }

  @Get(':activityId')
  @Roles('marketer', 'analyst', 'service')
  @ApiOperation({ summary: 'Read an activity', description: 'Always the present state.' })
  @ApiOkResponse({ type: ActivityDto })
  @ApiProblems('ACTIVITY_NOT_FOUND')
  async get(@Param('activityId', ParseUUIDPipe) activityId: string): Promise<Answer<ActivityDto>> {
    const { state, revision } = await this.aggregates.load(activityAggregate, activityId);
    const { state: _, ...activity } = existingActivity(state);
    return withETag(revision, activity);
  }
}
