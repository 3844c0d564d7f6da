import type { Handled } from '@muster/aggregates';
import { ApiProblems, CommandContext, Roles, answer, type Answer } from '@muster/platform';
import { Body, Controller, Delete, Param, ParseUUIDPipe, Put } from '@nestjs/common';
import { CommandBus } from '@nestjs/cqrs';
import { ApiOkResponse, ApiOperation, ApiTags } from '@nestjs/swagger';
import { CampaignAnswerDto } from '../campaigns/campaign-answer.dto';
import { StratificationDto, stratificationInput } from '../campaigns/settings.dto';
import { ChangeStratification } from './change-stratification.handler';

@ApiTags('campaigns')
@Controller('campaigns')
export class ChangeStratificationController {
  constructor(private readonly commands: CommandBus) {}

  @Put(':campaignId/stratification')
  @Roles('marketer')
  @ApiOperation({ summary: 'Set the strata', description: 'In an inactive campaign; they hold from the next build.' })
  @ApiOkResponse({ type: CampaignAnswerDto })
  @ApiProblems('CAMPAIGN_NOT_FOUND', 'STRATIFICATION_INVALID', 'CAMPAIGN_STATUS_CONFLICT', 'REVISION_STALE')
  set(
    @Param('campaignId', ParseUUIDPipe) campaignId: string,
    @Body() body: StratificationDto,
    @CommandContext() context: CommandContext,
  ): Promise<Answer<CampaignAnswerDto>> {
    return this.execute(new ChangeStratification(campaignId, stratificationInput(body), context));
  }

  @Delete(':campaignId/stratification')
  @Roles('marketer')
  @ApiOperation({ summary: 'Put everyone into one stratum' })
  @ApiOkResponse({ type: CampaignAnswerDto })
  @ApiProblems('CAMPAIGN_NOT_FOUND', 'CAMPAIGN_STATUS_CONFLICT', 'REVISION_STALE')
  remove(
    @Param('campaignId', ParseUUIDPipe) campaignId: string,
    @CommandContext() context: CommandContext,
  ): Promise<Answer<CampaignAnswerDto>> {
    return this.execute(new ChangeStratification(campaignId, null, context));
  }

  private async execute(command: ChangeStratification): Promise<Answer<CampaignAnswerDto>> {
    const handled = await this.commands.execute<ChangeStratification, Handled>(command);
    return answer(handled, { campaignId: command.campaignId });
  }
}
