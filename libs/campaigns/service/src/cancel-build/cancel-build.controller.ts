import type { Handled } from '@muster/aggregates';
import { ApiProblems, CommandContext, Roles, answer, type Answer } from '@muster/platform';
import { Controller, Param, ParseUUIDPipe, Delete } from '@nestjs/common';
import { CommandBus } from '@nestjs/cqrs';
import { ApiOkResponse, ApiOperation, ApiTags } from '@nestjs/swagger';
import { CampaignAnswerDto } from '../campaigns/campaign-answer.dto';
import { CancelBuild } from './cancel-build.handler';

@ApiTags('campaigns')
@Controller('campaigns')
export class CancelBuildController {
  constructor(private readonly commands: CommandBus) {}

  @Delete(':campaignId/build')
  @Roles('marketer')
  @ApiOperation({
    summary: 'Cancel the build of the audience',
    description: 'The campaign becomes inactive again; profiles that have groups keep them.',
  })
  @ApiOkResponse({ type: CampaignAnswerDto })
  @ApiProblems('CAMPAIGN_NOT_FOUND', 'CAMPAIGN_STATUS_CONFLICT', 'REVISION_STALE')
  async cancel(
    @Param('campaignId', ParseUUIDPipe) campaignId: string,
    @CommandContext() context: CommandContext,
  ): Promise<Answer<CampaignAnswerDto>> {
    const handled = await this.commands.execute<CancelBuild, Handled>(new CancelBuild(campaignId, context));
    return answer(handled, { campaignId });
  }
}
