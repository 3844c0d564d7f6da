import type { Handled } from '@muster/aggregates';
import { ApiProblems, CommandContext, Roles, answer, type Answer } from '@muster/platform';
import { Controller, Param, ParseUUIDPipe, Post } from '@nestjs/common';
import { CommandBus } from '@nestjs/cqrs';
import { ApiAcceptedResponse, ApiOperation, ApiTags } from '@nestjs/swagger';
import { CampaignAnswerDto } from '../campaigns/campaign-answer.dto';
import { CompleteCampaign } from './complete-campaign.handler';

@ApiTags('campaigns')
@Controller('campaigns')
export class CompleteCampaignController {
  constructor(private readonly commands: CommandBus) {}

  @Post(':campaignId/completion')
  @Roles('marketer')
  @ApiOperation({
    summary: 'Complete a campaign',
    description: 'Everyone leaves it; a completed campaign is never activated again.',
  })
  @ApiAcceptedResponse({ type: CampaignAnswerDto })
  @ApiProblems('CAMPAIGN_NOT_FOUND', 'CAMPAIGN_STATUS_CONFLICT', 'REVISION_STALE')
  async complete(
    @Param('campaignId', ParseUUIDPipe) campaignId: string,
    @CommandContext() context: CommandContext,
  ): Promise<Answer<CampaignAnswerDto>> {
    const handled = await this.commands.execute<CompleteCampaign, Handled>(new CompleteCampaign(campaignId, context));
    return answer(handled, { campaignId }, { status: 202 });
  }
}
