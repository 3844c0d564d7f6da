import type { Handled } from '@muster/aggregates';
import { ApiProblems, CommandContext, NewId, Roles, answer, type Answer } from '@muster/platform';
import { Controller, Param, ParseUUIDPipe, Post } from '@nestjs/common';
import { CommandBus } from '@nestjs/cqrs';
import { ApiAcceptedResponse, ApiOperation, ApiProperty, ApiTags } from '@nestjs/swagger';
import { ActivateCampaign } from './activate-campaign.handler';

class ActivatedCampaignDto {
  @ApiProperty({ format: 'uuid' })
  campaignId!: string;

  @ApiProperty({ format: 'uuid', description: 'The build of the audience; watch it at `Location`.' })
  buildId!: string;
}

@ApiTags('campaigns')
@Controller('campaigns')
export class ActivateCampaignController {
  constructor(private readonly commands: CommandBus) {}

  @Post(':campaignId/activation')
  @Roles('marketer')
  @ApiOperation({
    summary: 'Activate a campaign',
    description: 'Builds the audience; the campaign is active when that is done. Activities are not launched by it.',
  })
  @ApiAcceptedResponse({ type: ActivatedCampaignDto })
  @ApiProblems('CAMPAIGN_NOT_FOUND', 'CAMPAIGN_STATUS_CONFLICT', 'REVISION_STALE', 'CAMPAIGN_HAS_NO_ACTIVITY')
  async activate(
    @Param('campaignId', ParseUUIDPipe) campaignId: string,
    @NewId() buildId: string,
    @CommandContext() context: CommandContext,
  ): Promise<Answer<ActivatedCampaignDto>> {
    const handled = await this.commands.execute<ActivateCampaign, Handled>(
      new ActivateCampaign(campaignId, buildId, context),
    );
    return answer(
      handled,
      { campaignId, buildId },
      { status: 202, location: `/audiences/${campaignId}/builds/${buildId}` },
    );
  }
}
