import type { Handled } from '@muster/aggregates';
import { ApiProblems, CommandContext, Roles, answer, type Answer } from '@muster/platform';
import { Body, Controller, Delete, Param, ParseUUIDPipe, Put } from '@nestjs/common';
import { CommandBus } from '@nestjs/cqrs';
import { ApiOkResponse, ApiOperation, ApiTags } from '@nestjs/swagger';
import { CampaignAnswerDto } from '../campaigns/campaign-answer.dto';
import { LcgDto, lcgSettings } from '../campaigns/settings.dto';
import { ChangeLcg } from './change-lcg.handler';

@ApiTags('campaigns')
@Controller('campaigns')
export class ChangeLcgController {
  constructor(private readonly commands: CommandBus) {}

  @Put(':campaignId/lcg')
  @Roles('marketer')
  @ApiOperation({
    summary: 'Set the local control group',
    description: 'In an inactive campaign; it holds from the next build.',
  })
  @ApiOkResponse({ type: CampaignAnswerDto })
  @ApiProblems(
    'CAMPAIGN_NOT_FOUND',
    'LCG_INVALID',
    'LCG_NUMBER_NEEDS_PERCENT',
    'CAMPAIGN_STATUS_CONFLICT',
    'REVISION_STALE',
  )
  set(
    @Param('campaignId', ParseUUIDPipe) campaignId: string,
    @Body() body: LcgDto,
    @CommandContext() context: CommandContext,
  ): Promise<Answer<CampaignAnswerDto>> {
    return this.execute(new ChangeLcg(campaignId, lcgSettings(body), context));
  }

  @Delete(':campaignId/lcg')
  @Roles('marketer')
  @ApiOperation({ summary: 'Switch the local control group off' })
  @ApiOkResponse({ type: CampaignAnswerDto })
  @ApiProblems('CAMPAIGN_NOT_FOUND', 'CAMPAIGN_STATUS_CONFLICT', 'REVISION_STALE')
  switchOff(
    @Param('campaignId', ParseUUIDPipe) campaignId: string,
    @CommandContext() context: CommandContext,
  ): Promise<Answer<CampaignAnswerDto>> {
    return this.execute(new ChangeLcg(campaignId, null, context));
  }

  private async execute(command: ChangeLcg): Promise<Answer<CampaignAnswerDto>> {
    const handled = await this.commands.execute<ChangeLcg, Handled>(command);
    return answer(handled, { campaignId: command.campaignId });
  }
}
