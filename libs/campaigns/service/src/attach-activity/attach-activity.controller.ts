import type { Aggregates, Handled } from '@muster/aggregates';
import { existingCampaign } from '@muster/campaigns-domain';
import { AGGREGATES, ApiProblems, CommandContext, NewId, Roles, answer, type Answer } from '@muster/platform';
import { Body, Controller, Inject, Param, ParseUUIDPipe, Post, Put } from '@nestjs/common';
import { CommandBus } from '@nestjs/cqrs';
import { ApiCreatedResponse, ApiOkResponse, ApiOperation, ApiProperty, ApiTags } from '@nestjs/swagger';
import { ActivitySettingsDto } from '../campaigns/activity.dto';
import { campaignAggregate } from '../campaigns/campaign.aggregates';
import { CreateActivity } from '../create-activity/create-activity.handler';
import { AttachActivity } from './attach-activity.handler';

class AttachedActivityDto {
  @ApiProperty({ format: 'uuid' })
  campaignId!: string;

  @ApiProperty({ format: 'uuid' })
  activityId!: string;
}

@ApiTags('campaigns')
@Controller('campaigns')
export class AttachActivityController {
  constructor(
    private readonly commands: CommandBus,
    @Inject(AGGREGATES) private readonly aggregates: Aggregates,
  ) {}

  @Post(':campaignId/activities')
  @Roles('marketer')
  @ApiOperation({ summary: 'Create an activity inside a campaign' })
  @ApiCreatedResponse({ type: AttachedActivityDto })
  @ApiProblems('CAMPAIGN_NOT_FOUND', 'ACTIVITY_INVALID', 'ACTIVITY_CANNOT_BE_ATTACHED', 'CAMPAIGN_STATUS_CONFLICT')
  async create(
    @Param('campaignId', ParseUUIDPipe) campaignId: string,
    @Body() body: ActivitySettingsDto,
    @NewId() activityId: string,
    @CommandContext() context: CommandContext,
  ): Promise<Answer<AttachedActivityDto>> {
    const { state } = await this.aggregates.load(campaignAggregate, campaignId);
    const { databaseId } = existingCampaign(state);
    const { kind, name, segmentId = null, ignoresLcg = false, expandsAudience = false } = body;
    const data = { kind, name, databaseId, segmentId, ignoresLcg, expandsAudience };
    const { expectedRevision: _, ...createContext } = context;
    await this.commands.execute<CreateActivity, Handled>(new CreateActivity(activityId, data, createContext));
    const handled = await this.commands.execute<AttachActivity, Handled>(
      new AttachActivity(campaignId, activityId, context),
    );
    return answer(handled, { campaignId, activityId }, { status: 201, location: `/activities/${activityId}` });
  }

  @Put(':campaignId/activities/:activityId')
  @Roles('marketer')
  @ApiOperation({ summary: 'Attach an activity that exists' })
  @ApiOkResponse({ type: AttachedActivityDto })
  @ApiProblems('CAMPAIGN_NOT_FOUND', 'ACTIVITY_NOT_FOUND', 'ACTIVITY_CANNOT_BE_ATTACHED', 'CAMPAIGN_STATUS_CONFLICT')
  async attach(
    @Param('campaignId', ParseUUIDPipe) campaignId: string,
    @Param('activityId', ParseUUIDPipe) activityId: string,
    @CommandContext() context: CommandContext,
  ): Promise<Answer<AttachedActivityDto>> {
    const handled = await this.commands.execute<AttachActivity, Handled>(
      new AttachActivity(campaignId, activityId, context),
    );
    return answer(handled, { campaignId, activityId });
  }
}
