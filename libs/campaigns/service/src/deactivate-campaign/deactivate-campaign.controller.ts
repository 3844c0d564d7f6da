import type { Handled } from '@muster/aggregates';
import { ApiProblems, CommandContext, Roles, answer, type Answer } from '@muster/platform';
import { Controller, Param, ParseUUIDPipe, Post } from '@nestjs/common';
import { CommandBus } from '@nestjs/cqrs';
import { ApiOkResponse, ApiOperation, ApiTags } from '@nestjs/swagger';
import { CampaignAnswerDto } from '../campaigns/campaign-answer.dto';
import { DeactivateCampaign } from './deactivate-campaign.handler';

@ApiTags('campaigns')
@Controller('campaigns')
export class DeactivateCampaignController {
  constructor(private readonly commands: CommandBus) {}

  @Post(':campaignId/deactivation')
  @Roles('marketer')
  @ApiOperation({
    summary: 'Deactivate a campaign',
    description: 'Every profile keeps its group. Changes of the segment lead to nothing until the next activation.',
  })
  @ApiOkResponse({ type: CampaignAnswerDto })
  @ApiProblems('CAMPAIGN_NOT_FOUND', 'CAMPAIGN_STATUS_CONFLICT', 'REVISION_STALE')
  async deactivate(
    @Param('campaignId', ParseUUIDPipe) campaignId: string,
    @CommandContext() context: CommandContext,
  ): Promise<Answer<CampaignAnswerDto>> {
    const handled = await this.commands.execute<DeactivateCampaign, Handled>(
      new DeactivateCampaign(campaignId, context),
    );
    return answer(handled, { campaignId });
  }
}
