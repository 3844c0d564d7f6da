import { DomainError } from '@muster/kernel';
import {
  ApiProblems,
  PageQuery,
  ReadsModel,
  Roles,
  cursorInvalid,
  pageCursor,
  watch,
  withETag,
  type Answer,
} from '@muster/platform';
import { Controller, Get, Param, ParseUUIDPipe, Query, Req, Sse, type MessageEvent } from '@nestjs/common';
import { ApiOkResponse, ApiOperation, ApiTags } from '@nestjs/swagger';
import type { FastifyRequest } from 'fastify';
import type { Observable } from 'rxjs';
import { Profiles } from '../profiles/profiles';
import { SegmentsQuery } from '../read-models/segments/segments.query';
import { profileDto } from '../segments/profile.dto';
import { SegmentMembership } from '../segments/segment-membership';
import { SegmentDetails } from './segment-details.query';
import {
  SegmentDto,
  SegmentListQuery,
  SegmentMembersPageDto,
  SegmentPageDto,
  SegmentRunDto,
  SegmentRunPageDto,
} from './segments.dto';

@ApiTags('segments')
@Controller('segments')
export class GetSegmentsController {
  constructor(
    private readonly segments: SegmentsQuery,
    private readonly details: SegmentDetails,
    private readonly membership: SegmentMembership,
    private readonly profiles: Profiles,
  ) {}

  @Get()
  @Roles('marketer', 'analyst', 'service')
  @ReadsModel('segments', 'segments')
  @ApiOperation({ summary: 'List segments, newest first' })
  @ApiOkResponse({ type: SegmentPageDto })
  list(@Query() { databaseId, deleted, limit, cursor }: SegmentListQuery): Promise<SegmentPageDto> {
    const filter = { deleted: deleted === 'true', ...(databaseId !== undefined && { databaseId }) };
    return this.segments.list(filter, limit, cursor);
  }

  @Get(':segmentId')
  @Roles('marketer', 'analyst', 'service')
  @ApiOperation({ summary: 'Read a segment', description: 'Always the present state.' })
  @ApiOkResponse({ type: SegmentDto })
  @ApiProblems('SEGMENT_NOT_FOUND')
  async get(@Param('segmentId', ParseUUIDPipe) segmentId: string): Promise<Answer<SegmentDto>> {
    const { revision, segment } = await this.details.of(segmentId);
    return withETag(revision, segment);
  }

  @Get(':segmentId/members')
  @Roles('marketer', 'analyst')
  @ApiOperation({ summary: 'Page through the members by profile number' })
  @ApiOkResponse({ type: SegmentMembersPageDto })
  @ApiProblems('SEGMENT_NOT_FOUND', 'SEGMENT_NOT_CALCULATED', 'CURSOR_INVALID')
  async members(
    @Param('segmentId', ParseUUIDPipe) segmentId: string,
    @Query() { limit, cursor }: PageQuery,
  ): Promise<SegmentMembersPageDto> {
    const { databaseId, kind, calculated } = await this.membership.segment(segmentId);
    if (kind !== 'static' && !calculated) {
      throw new DomainError('SEGMENT_NOT_CALCULATED', {
        detail: 'The members are there after the first completed run.',
      });
    }
    const { numbers, count } = await this.membership.profiles(segmentId, placeOf(cursor), limit);
    const last = numbers.at(-1);
    const more = numbers.length === limit && last !== undefined;
    return {
      count,
      items: (await this.profiles.rows(databaseId, numbers)).map(profileDto),
      nextCursor: more ? pageCursor.encode({ after: last }) : null,
    };
  }

  @Get(':segmentId/runs')
  @Roles('marketer', 'analyst')
  @ReadsModel('segments', 'segments')
  @ApiOperation({ summary: 'The log of runs, newest first' })
  @ApiOkResponse({ type: SegmentRunPageDto })
  runs(
    @Param('segmentId', ParseUUIDPipe) segmentId: string,
    @Query() { limit, cursor }: PageQuery,
  ): Promise<SegmentRunPageDto> {
    return this.segments.runsOf(segmentId, limit, cursor);
  }

  @Get(':segmentId/runs/:runId')
  @Roles('marketer', 'analyst')
  @ReadsModel('segments', 'segments')
  @ApiOperation({ summary: 'Read a run' })
  @ApiOkResponse({ type: SegmentRunDto })
  @ApiProblems('NOT_FOUND')
  run(
    @Param('segmentId', ParseUUIDPipe) segmentId: string,
    @Param('runId', ParseUUIDPipe) runId: string,
  ): Promise<SegmentRunDto> {
    return this.segments.run(segmentId, runId);
  }

  @Sse(':segmentId/runs/:runId/events')
  @Roles('marketer', 'analyst')
  @ReadsModel('segments', 'segments')
  @ApiOperation({ summary: 'Watch a run (server-sent events) until it ends' })
  @ApiOkResponse({ type: SegmentRunDto })
  watchRun(
    @Param('segmentId', ParseUUIDPipe) segmentId: string,
    @Param('runId', ParseUUIDPipe) runId: string,
    @Req() request: FastifyRequest,
  ): Observable<MessageEvent> {
    return watch(request, () => this.segments.run(segmentId, runId), { until: ({ state }) => state !== 'in_progress' });
  }
}

function placeOf(cursor: string | undefined): number | undefined {
  if (cursor === undefined) return undefined;
  const { after } = pageCursor.decode(cursor);
  if (typeof after !== 'number' || !Number.isInteger(after) || after < 0) throw cursorInvalid();
  return after;
}
