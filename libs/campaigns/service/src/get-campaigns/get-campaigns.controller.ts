import type { Aggregates } from '@muster/aggregates';
import { existingCampaign } from '@muster/campaigns-domain';
import type { SegmentsApi } from '@muster/contracts';
import { AGGREGATES, ApiProblems, ReadsModel, Roles, SEGMENTS_API, withETag, type Answer } from '@muster/platform';
import { Controller, Get, Inject, Param, ParseUUIDPipe, Query } from '@nestjs/common';
import { ApiOkResponse, ApiOperation, ApiTags } from '@nestjs/swagger';
import { campaignAggregate } from '../campaigns/campaign.aggregates';
import { lcgDto } from '../campaigns/settings.dto';
import { CampaignsQuery } from '../read-models/campaigns/campaigns.query';
import { CampaignDto, CampaignListQuery, CampaignPageDto } from './campaigns.dto';

@ApiTags('campaigns')
@Controller('campaigns')
export class GetCampaignsController {
  constructor(
    private readonly campaigns: CampaignsQuery,
    @Inject(AGGREGATES) private readonly aggregates: Aggregates,
    @Inject(SEGMENTS_API) private readonly segments: SegmentsApi,
  ) {}

  @Get()
  @Roles('marketer', 'analyst', 'service')
  @ReadsModel('campaigns', 'campaigns')
  @ApiOperation({ summary: 'List campaigns, newest first' })
  @ApiOkResponse({ type: CampaignPageDto })
  list(@Query() { limit, cursor, ...filter }: CampaignListQuery): Promise<CampaignPageDto> {
    return this.campaigns.list(filter, limit, cursor);
  }

  @Get(':campaignId')
  @Roles('marketer', 'analyst', 'service')
  @ApiOperation({ summary: 'Read a campaign', description: 'Always the present state.' })
  @ApiOkResponse({ type: CampaignDto })
  @ApiProblems('CAMPAIGN_NOT_FOUND')
  async get(@Param('campaignId', ParseUUIDPipe) campaignId: string): Promise<Answer<CampaignDto>> {
    const { state, revision } = await this.aggregates.load(campaignAggregate, campaignId);
    const { name, description, tags, databaseId, segmentId, status, lcg, ...rest } = existingCampaign(state);
    const strata = rest.stratification && (await this.segments.describeStrata(rest.stratification.hash));
    return withETag(revision, {
      campaignId,
      name,
      description,
      tags: [...tags],
      databaseId,
      segmentId,
      status,
      lcg: lcgDto(lcg),
      strata: strata && [...strata],
      activities: [...rest.activities.values()],
      build: rest.build,
    });
  }
}
