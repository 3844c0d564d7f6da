import type { Handled } from '@muster/aggregates';
import { ApiProblems, CommandContext, Roles, answer, type Answer } from '@muster/platform';
import { Controller, Delete, Param, ParseUUIDPipe } from '@nestjs/common';
import { CommandBus } from '@nestjs/cqrs';
import { ApiOkResponse, ApiOperation, ApiTags } from '@nestjs/swagger';
import { CampaignAnswerDto } from '../campaigns/campaign-answer.dto';
import { DetachActivity } from './detach-activity.handler';

@ApiTags('campaigns')
@Controller('campaigns')
export class DetachActivityController {
  constructor(private readonly commands: CommandBus) {}

  @Delete(':campaignId/activities/:activityId')
  @Roles('marketer')
  @ApiOperation({ summary: 'Take an activity out of a campaign' })
  @ApiOkResponse({ type: CampaignAnswerDto })
  @ApiProblems('CAMPAIGN_NOT_FOUND', 'ACTIVITY_NOT_FOUND', 'ACTIVITY_CANNOT_BE_MOVED', 'CAMPAIGN_STATUS_CONFLICT')
  async detach(
    @Param('campaignId', ParseUUIDPipe) campaignId: string,
    @Param('activityId', ParseUUIDPipe) activityId: string,
    @CommandContext() context: CommandContext,
  ): Promise<Answer<CampaignAnswerDto>> {
    const handled = await this.commands.execute<DetachActivity, Handled>(
      new DetachActivity(campaignId, activityId, context),
    );
    return answer(handled, { campaignId });
  }
}
