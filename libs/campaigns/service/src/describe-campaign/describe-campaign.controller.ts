import type { Handled } from '@muster/aggregates';
import { ApiProblems, CommandContext, RenamedDto, Roles, answer, type Answer } from '@muster/platform';
import { Body, Controller, Param, ParseUUIDPipe, Patch } from '@nestjs/common';
import { CommandBus } from '@nestjs/cqrs';
import { ApiOkResponse, ApiOperation, ApiTags } from '@nestjs/swagger';
import { CampaignAnswerDto } from '../campaigns/campaign-answer.dto';
import { DescribeCampaign } from './describe-campaign.handler';

@ApiTags('campaigns')
@Controller('campaigns')
export class DescribeCampaignController {
  constructor(private readonly commands: CommandBus) {}

  @Patch(':campaignId')
  @Roles('marketer')
  @ApiOperation({ summary: 'Change name, description and tags', description: 'What is left out stays as it is.' })
  @ApiOkResponse({ type: CampaignAnswerDto })
  @ApiProblems('CAMPAIGN_NOT_FOUND', 'CAMPAIGN_INVALID', 'REVISION_STALE')
  async describe(
    @Param('campaignId', ParseUUIDPipe) campaignId: string,
    @Body() { name, description, tags }: RenamedDto,
    @CommandContext() context: CommandContext,
  ): Promise<Answer<CampaignAnswerDto>> {
    const data = {
      ...(name !== undefined && { name }),
      ...(description !== undefined && { description }),
      ...(tags && { tags }),
    };
    const handled = await this.commands.execute<DescribeCampaign, Handled>(
      new DescribeCampaign(campaignId, data, context),
    );
    return answer(handled, { campaignId });
  }
}
