import { ApiProblems, PageQuery, ReadsModel, Roles } from '@muster/platform';
import { Controller, Get, Param, ParseUUIDPipe, Query } from '@nestjs/common';
import { ApiOkResponse, ApiOperation, ApiTags } from '@nestjs/swagger';
import { AudienceLogPageDto, CampaignLogPageDto, SegmentLogPageDto, SizesDto, SizesQuery } from './logs.dto';
import { Logs } from './logs.query';

@ApiTags('insights')
@Controller('insights')
export class GetLogsController {
  constructor(private readonly logs: Logs) {}

  @Get('audiences/:campaignId/log')
  @Roles('analyst', 'marketer')
  @ReadsModel('insights', 'audiences')
  @ApiOperation({ summary: 'Builds, epochs and changes of an audience, newest first' })
  @ApiOkResponse({ type: AudienceLogPageDto })
  @ApiProblems('AUDIENCE_NOT_FOUND', 'CURSOR_INVALID')
  audience(
    @Param('campaignId', ParseUUIDPipe) campaignId: string,
    @Query() { limit, cursor }: PageQuery,
  ): Promise<AudienceLogPageDto> {
    return this.logs.audience(campaignId, limit, cursor);
  }

  @Get('segments/:segmentId/log')
  @Roles('analyst', 'marketer')
  @ReadsModel('insights', 'segments')
  @ApiOperation({ summary: 'Runs, changes and uses of a segment, newest first' })
  @ApiOkResponse({ type: SegmentLogPageDto })
  @ApiProblems('SEGMENT_NOT_FOUND', 'CURSOR_INVALID')
  segment(
    @Param('segmentId', ParseUUIDPipe) segmentId: string,
    @Query() { limit, cursor }: PageQuery,
  ): Promise<SegmentLogPageDto> {
    return this.logs.segment(segmentId, limit, cursor);
  }

  @Get('segments/:segmentId/sizes')
  @Roles('analyst', 'marketer')
  @ReadsModel('insights', 'segments')
  @ApiOperation({ summary: 'The size of a segment over time' })
  @ApiOkResponse({ type: SizesDto })
  @ApiProblems('SEGMENT_NOT_FOUND')
  sizes(@Param('segmentId', ParseUUIDPipe) segmentId: string, @Query() { bucket }: SizesQuery): Promise<SizesDto> {
    return this.logs.sizes(segmentId, bucket);
  }

  @Get('campaigns/:campaignId/log')
  @Roles('analyst', 'marketer')
  @ReadsModel('insights', 'campaigns')
  @ApiOperation({ summary: 'The life of a campaign, newest first' })
  @ApiOkResponse({ type: CampaignLogPageDto })
  @ApiProblems('CAMPAIGN_NOT_FOUND', 'CURSOR_INVALID')
  campaign(
    @Param('campaignId', ParseUUIDPipe) campaignId: string,
    @Query() { limit, cursor }: PageQuery,
  ): Promise<CampaignLogPageDto> {
    return this.logs.campaign(campaignId, limit, cursor);
  }
}
