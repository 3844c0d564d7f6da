import type { Aggregates } from '@muster/aggregates';
import type { AudienceHead } from '@muster/audiences-domain';
import { DomainError } from '@muster/kernel';
import { AGGREGATES, ApiProblems, ReadsModel, Roles, watch, withETag, type Answer } from '@muster/platform';
import { Controller, Get, Inject, Param, ParseUUIDPipe, Req, Sse, type MessageEvent } from '@nestjs/common';
import { ApiOkResponse, ApiOperation, ApiTags } from '@nestjs/swagger';
import type { FastifyRequest } from 'fastify';
import type { Observable } from 'rxjs';
import { audienceAggregate } from '../audiences/audience.aggregate';
import { BuildsQuery } from '../read-models/builds/builds.query';
import { AudienceView, BuildView } from './audience.dto';

@ApiTags('audiences')
@Roles('marketer', 'analyst', 'operator')
@Controller('audiences/:campaignId')
export class GetAudienceController {
  constructor(
    @Inject(AGGREGATES) private readonly aggregates: Aggregates,
    private readonly builds: BuildsQuery,
  ) {}

  @Get()
  @ApiOperation({ summary: "A campaign's audience: status, groups, strata of the current epoch" })
  @ApiOkResponse({ type: AudienceView })
  @ApiProblems('AUDIENCE_NOT_FOUND')
  async audience(@Param('campaignId', ParseUUIDPipe) campaignId: string): Promise<Answer<AudienceView>> {
    const { head, revision } = await this.aggregates.loadBlocks(audienceAggregate, campaignId, []);
    if (revision < 0) {
      throw new DomainError('AUDIENCE_NOT_FOUND', { detail: `The campaign ${campaignId} has no audience yet.` });
    }
    return withETag(revision, viewOf(campaignId, head));
  }

  @Get('builds/:buildId')
  @ReadsModel('audiences', 'builds')
  @ApiOperation({ summary: 'How far a build is' })
  @ApiOkResponse({ type: BuildView })
  @ApiProblems('BUILD_NOT_FOUND')
  build(
    @Param('campaignId', ParseUUIDPipe) campaignId: string,
    @Param('buildId', ParseUUIDPipe) buildId: string,
  ): Promise<BuildView> {
    return this.builds.get(campaignId, buildId);
  }

  @Sse('builds/:buildId/events')
  @ReadsModel('audiences', 'builds')
  @ApiOperation({ summary: 'The build whenever it changed, until it is built or cancelled (server-sent events)' })
  @ApiOkResponse({ type: BuildView })
  @ApiProblems('BUILD_NOT_FOUND')
  events(
    @Param('campaignId', ParseUUIDPipe) campaignId: string,
    @Param('buildId', ParseUUIDPipe) buildId: string,
    @Req() request: FastifyRequest,
  ): Observable<MessageEvent> {
    return watch(request, () => this.builds.get(campaignId, buildId), {
      until: ({ state }) => state === 'built' || state === 'cancelled',
    });
  }
}

function viewOf(campaignId: string, head: AudienceHead): AudienceView {
  const { status, members, control, epoch, segmentRevision, build, lastBuildId } = head;
  return {
    campaignId,
    status: build ? 'building' : status,
    members,
    test: members - control,
    control,
    epoch: epoch && {
      number: epoch.number,
      strata: epoch.tallies.n.map((assigned, code) => ({ code, assigned, control: epoch.tallies.c[code] ?? 0 })),
    },
    segmentRevision,
    buildId: lastBuildId,
  };
}
