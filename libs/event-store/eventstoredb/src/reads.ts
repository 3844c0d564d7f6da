import {
  StreamDeletedError,
  StreamNotFoundError,
  type EventStoreDBClient,
  type ResolvedEvent,
  type StreamingRead,
} from '@eventstore/db-client';
import {
  START,
  StoreUnavailable,
  StreamDeleted,
  type EventMetadata,
  type Position,
  type ReadAllOptions,
  type ReadStreamOptions,
  type StoredEvent,
} from '@muster/event-store';
import type { Connections } from './connections';
import { Silence, isAway, unavailable } from './errors';
import { Incoming, READ_AHEAD_EVENTS } from './incoming';
import { fromPosition, toPosition, type LogPosition } from './position';

/** Events of the server itself lie between ours: a page holds more than was asked for. */
const SPARE_EVENTS = 32;

type RecordedEvent = NonNullable<ResolvedEvent['event']>;

/** Reads of a stream or of the whole log. A server that is silent for longer than `timeoutMs` counts as away. */
export class Reads {
  constructor(
    private readonly connections: Connections,
    private readonly timeoutMs: number,
    /** Aborts when the store is closed. */
    private readonly ending: AbortSignal,
  ) {}

  async *stream(stream: string, options: ReadStreamOptions = {}): AsyncGenerator<StoredEvent, void, undefined> {
    const { from, limit } = options;
    if (limit !== undefined && limit <= 0) return;
    const backwards = options.direction === 'backwards';
    try {
      yield* this.events(
        this.connections.reads.readStream(
          stream,
          {
            direction: backwards ? 'backwards' : 'forwards',
            fromRevision: from === undefined ? (backwards ? 'end' : 'start') : BigInt(from),
            ...(limit === undefined ? {} : { maxCount: limit }),
            ...this.common(),
          },
          { highWaterMark: READ_AHEAD_EVENTS },
        ),
      );
    } catch (error) {
      if (error instanceof StreamNotFoundError) return;
      throw error instanceof StreamDeletedError ? new StreamDeleted(stream) : error;
    }
  }

  /** Without what the server keeps for itself. */
  async *all(options: ReadAllOptions = {}): AsyncGenerator<StoredEvent, void, undefined> {
    const backwards = options.direction === 'backwards';
    let left = options.limit ?? Infinity;
    let last: Position | undefined;
    for (let from = options.from; left > 0; from = last) {
      const count = Number.isFinite(left) ? left + SPARE_EVENTS : undefined;
      let seen = 0;
      for await (const event of this.page(this.connections.reads, from, backwards, count)) {
        seen++;
        // A page that goes on forwards begins with the event at which the one before ended.
        if (event.position === last) continue;
        last = event.position;
        if (isOfServer(event.stream)) continue;
        yield event;
        if (--left === 0) return;
      }
      if (count === undefined || seen < count) return;
    }
  }

  /** At most `count` events after `from`, those of the server too. Ends soon. */
  async *after(from: Position, count: number): AsyncGenerator<StoredEvent, void, undefined> {
    // Forwards is inclusive.
    for await (const event of this.page(this.connections.calls, from, false, count + 1)) {
      if (event.position !== from) yield event;
    }
  }

  /** The position of the last event of the log, be it the server's own. */
  async head(): Promise<Position> {
    for await (const { position } of this.page(this.connections.calls, undefined, true, 1)) return position;
    return START;
  }

  /** Throws where there is no such event. */
  async positionOf(stream: string, revision: number): Promise<Position> {
    for await (const { position } of this.stream(stream, { from: revision, limit: 1 })) return position;
    throw new Error(`stream ${stream} has no event ${String(revision)}`);
  }

  private async *page(
    client: EventStoreDBClient,
    from: Position | undefined,
    backwards: boolean,
    count: number | undefined,
  ): AsyncGenerator<StoredEvent, void, undefined> {
    const at: LogPosition | 'start' | 'end' = from === undefined ? (backwards ? 'end' : 'start') : fromPosition(from);
    if (backwards && at === 'start') return;
    yield* this.events(
      client.readAll(
        {
          direction: backwards ? 'backwards' : 'forwards',
          fromPosition: at,
          ...(count === undefined ? {} : { maxCount: count }),
          ...this.common(),
        },
        { highWaterMark: READ_AHEAD_EVENTS },
      ),
    );
  }

  private async *events(read: StreamingRead<ResolvedEvent>): AsyncGenerator<StoredEvent, void, undefined> {
    const incoming = new Incoming<ResolvedEvent>(read, () => read.cancel());
    try {
      for (;;) {
        const taken = await incoming.take(READ_AHEAD_EVENTS, this.timeoutMs, this.ending);
        // A disposed client ends its calls as if there were no more events.
        if (this.ending.aborted) throw new StoreUnavailable('the store is closed');
        if (!taken) return;
        if (taken.length === 0) throw new Silence(this.timeoutMs);
        for (const { event } of taken) if (event) yield toStoredEvent(event);
      }
    } catch (error) {
      throw isAway(error) ? unavailable(error) : error;
    } finally {
      incoming.close();
    }
  }

  /** Of the leader: whoever has appended reads what he wrote. */
  private common() {
    return { credentials: this.connections.credentials, requiresLeader: true };
  }
}

export function toStoredEvent(event: RecordedEvent): StoredEvent {
  if (!event.position) throw new Error(`the server gave no position for event ${event.id}`);
  return {
    position: toPosition(event.position),
    stream: event.streamId,
    revision: Number(event.revision),
    id: event.id,
    type: event.type,
    data: event.data,
    metadata: event.metadata as unknown as EventMetadata,
  };
}

/** Streams of the server itself, and the metadata of ours. */
export function isOfServer(stream: string): boolean {
  return stream.startsWith('$');
}
