import { START, type EventStore } from '@muster/event-store';
import { ApiProblems, Closing, EVENT_STORE, Roles } from '@muster/platform';
import { Controller, Get, Headers, Inject, Logger, Query, Res, StreamableFile } from '@nestjs/common';
import { ApiExtraModels, ApiHeader, ApiOkResponse, ApiOperation, ApiTags, getSchemaPath } from '@nestjs/swagger';
import type { FastifyReply } from 'fastify';
import { Readable } from 'node:stream';
import { eventStream } from './event-stream';
import { feedPage } from './feed-page';
import { feedCursor, placeOfCursor, type FeedPlace } from './feed-place';
import { FeedPageDto, FeedQuery } from './feed.dto';
import { Followers } from './followers';
import { IntegrationFeed, type FeedFilter } from './integration-feed';

const EVENT_STREAM = 'text/event-stream';
/** Then the client connects again and shows its key anew, which may have been revoked meanwhile. */
const STREAM_MS = 15 * 60_000;
/** What is made before a client takes it. */
const AHEAD_BYTES = 64 * 1024;

@ApiTags('feed')
@Controller('feed')
export class GetFeedController {
  private readonly logger = new Logger('Feed');

  constructor(
    private readonly feed: IntegrationFeed,
    private readonly followers: Followers,
    private readonly closing: Closing,
    @Inject(EVENT_STORE) private readonly store: EventStore,
  ) {}

  @Get()
  @Roles('analyst', 'marketer', 'service')
  @ApiOperation({
    summary: 'The integration events after a cursor, without Kafka',
    description:
      'The set and life-cycle feeds of all services, in one order, from the first event on: the same CloudEvents as on ' +
      'Kafka, with the same ids. As a page, waiting for it with `waitSeconds`; or, with `Accept: text/event-stream`, as ' +
      'server-sent events, whose ids are cursors: `limit` and `waitSeconds` mean nothing there, and a stream ends after ' +
      'a quarter of an hour for the client to connect again.',
  })
  @ApiExtraModels(FeedPageDto)
  @ApiHeader({ name: 'Last-Event-ID', required: false, description: 'Of a stream: wins over `after`.' })
  @ApiOkResponse({
    description: 'A page, or the stream.',
    content: {
      'application/json': { schema: { $ref: getSchemaPath(FeedPageDto) } },
      [EVENT_STREAM]: {
        schema: { type: 'string' },
        example: 'id: eyJzdG9yZSI6...\ndata: {"specversion":"1.0","id":"campaign-5f0c6c1e/3/1", ...}\n\n',
      },
    },
  })
  @ApiProblems('CURSOR_INVALID', 'CURSOR_GONE', 'FEED_BUSY')
  async get(
    @Query() { after, limit, waitSeconds, ...filter }: FeedQuery,
    @Res({ passthrough: true }) reply: FastifyReply,
    @Headers('accept') accept = '',
    @Headers('last-event-id') lastEventId = '',
  ): Promise<FeedPageDto | StreamableFile> {
    const isStream = accept.includes(EVENT_STREAM);
    const cursor = isStream && lastEventId !== '' ? lastEventId : after;
    const place = await this.placeOf(cursor);
    if (isStream || waitSeconds > 0) reply.raw.once('close', this.followers.enter());
    const signal = AbortSignal.any([this.closing.signal, hungUp(reply)]);
    if (isStream) return this.stream(reply, place, filter, signal);
    const page = await feedPage(this.feed, place, filter, { limit, waitMs: waitSeconds * 1000, signal });
    return { items: page.items, nextCursor: this.cursorOf(page.place), caughtUp: page.caughtUp };
  }

  private placeOf(cursor: string | undefined): Promise<FeedPlace> {
    return cursor === undefined ? Promise.resolve({ position: START }) : placeOfCursor(this.store, cursor);
  }

  private readonly cursorOf = (place: FeedPlace): string => feedCursor(this.store, place);

  private stream(reply: FastifyReply, place: FeedPlace, filter: FeedFilter, signal: AbortSignal): StreamableFile {
    const steps = this.feed.follow(place, filter, AbortSignal.any([signal, AbortSignal.timeout(STREAM_MS)]));
    const frames = Readable.from(eventStream(steps, { cursorOf: this.cursorOf }), {
      objectMode: false,
      highWaterMark: AHEAD_BYTES,
    });
    frames.on('error', (error) => this.logger.error({ err: error }, 'a stream of the feed broke off'));
    // Neither kept nor gathered by proxies.
    void reply.headers({ 'cache-control': 'no-cache, no-transform', 'x-accel-buffering': 'no' });
    return new StreamableFile(frames, { type: EVENT_STREAM });
  }
}

/** Aborts when the connection is gone, or the answer done. */
function hungUp({ raw }: FastifyReply): AbortSignal {
  const controller = new AbortController();
  raw.once('close', () => controller.abort());
  return controller.signal;
}
