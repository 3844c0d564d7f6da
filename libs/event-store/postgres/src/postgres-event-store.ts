import { escapeIdentifier, type Pool } from 'pg';
import {
  StoreUnavailable,
  encodeAppend,
  type AppendResult,
  type EventStore,
  type EventToAppend,
  type ExpectedRevision,
  type Position,
  type ReadAllOptions,
  type ReadStreamOptions,
  type StoredEvent,
  type SubscribeOptions,
  type SubscriptionBatch,
} from '@muster/event-store';
import { isUnavailable } from '@muster/postgres';
import { AppendQueue } from './append-queue';
import { Pages, type LogPage } from './pages';
import { fromPosition, toPosition } from './position';
import { DEFAULT_SCHEMA, migrate } from './schema';
import type { NumberedEvent } from './stored-event';
import { subscription } from './subscription';
import { Tail } from './tail';

export interface PostgresEventStoreOptions {
  /** Connections of the caller's; the store never ends it. Appends take one, the tail one, each read one for its page. */
  readonly pool: Pool;
  /** Default `event_store`. One log per schema. */
  readonly schema?: string;
  /** An append to a stream of any other category throws. Default: every category. */
  readonly allowedCategories?: readonly string[];
}

const MAX_REVISION = 2 ** 31 - 1;

/** The log in Postgres. See the README for how it keeps its order. */
export class PostgresEventStore implements EventStore {
  private readonly ending = new AbortController();

  private constructor(
    readonly storeId: string,
    private readonly pages: Pages,
    private readonly tail: Tail,
    private readonly queue: AppendQueue,
    private readonly allowedCategories: ReadonlySet<string> | undefined,
  ) {}

  /** Opens the log, and creates it where there is none. Throws {@link StoreUnavailable} while Postgres is away. */
  static async open(options: PostgresEventStoreOptions): Promise<PostgresEventStore> {
    const { pool, schema = DEFAULT_SCHEMA, allowedCategories } = options;
    const storeId = await answered(() => migrate(pool, { schema }));
    const quoted = escapeIdentifier(schema);
    const pages = new Pages(pool, quoted);
    const tail = new Tail(pages);
    const queue = new AppendQueue(pool, quoted, () => {
      tail.signal();
    });
    return new PostgresEventStore(storeId, pages, tail, queue, allowedCategories && new Set(allowedCategories));
  }

  /**
   * The same log for one context of this process: appends only to these categories, and shares the tail and the calls
   * of appends. Closing it closes both.
   */
  restrictedTo(categories: readonly string[]): PostgresEventStore {
    return new PostgresEventStore(this.storeId, this.pages, this.tail, this.queue, new Set(categories));
  }

  async append(stream: string, expected: ExpectedRevision, events: readonly EventToAppend[]): Promise<AppendResult> {
    return this.queue.append(encodeAppend(stream, expected, events, this.allowedCategories));
  }

  async *readStream(stream: string, options: ReadStreamOptions = {}): AsyncGenerator<StoredEvent, void, undefined> {
    const backwards = options.direction === 'backwards';
    let from = Math.min(options.from ?? (backwards ? MAX_REVISION : 0), MAX_REVISION);
    let left = options.limit ?? Infinity;
    while (left > 0) {
      const events = await answered(() => this.pages.stream(stream, from, backwards, left));
      yield* events;
      const last = events.at(-1);
      // Revisions have no gaps either: the first and the last one say whether more can follow.
      if (!last || (backwards && last.revision === 0)) return;
      left -= events.length;
      from = last.revision + (backwards ? -1 : 1);
    }
  }

  async *readAll(options: ReadAllOptions = {}): AsyncGenerator<StoredEvent, void, undefined> {
    const from = options.from === undefined ? undefined : fromPosition(options.from);
    const limit = options.limit ?? Infinity;
    yield* options.direction === 'backwards'
      ? this.readBefore(from ?? Number.MAX_SAFE_INTEGER, limit)
      : this.readAfter(Math.max((from ?? 0) - 1, 0), limit);
  }

  subscribe(options: SubscribeOptions): AsyncIterable<SubscriptionBatch> {
    return subscription(this.pages, this.tail, options, AbortSignal.any([options.signal, this.ending.signal]));
  }

  async head(): Promise<Position> {
    return toPosition(await answered(() => this.pages.head()));
  }

  /** Exact: positions have no gaps. */
  distance(from: Position, to: Position): Promise<number> {
    return Promise.resolve(Math.max(0, fromPosition(to) - fromPosition(from)));
  }

  /** Ends the subscriptions and sends the appends that wait. The pool stays open. */
  async close(): Promise<void> {
    this.ending.abort();
    await this.queue.close();
  }

  private async *readAfter(after: number, limit: number): AsyncGenerator<StoredEvent, void, undefined> {
    let page: LogPage;
    for (let at = after, left = limit; left > 0; at = page.scannedTo, left -= page.events.length) {
      page = await answered(() => this.pages.after(at, left));
      yield* page.events;
      if (page.scannedTo >= page.head) return;
    }
  }

  private async *readBefore(before: number, limit: number): AsyncGenerator<StoredEvent, void, undefined> {
    let events: readonly NumberedEvent[];
    for (let at = before, left = limit; left > 0 && at > 1; left -= events.length) {
      events = await answered(() => this.pages.before(at, left));
      yield* events;
      at = events.at(-1)?.number ?? 0;
    }
  }
}

async function answered<T>(ask: () => Promise<T>): Promise<T> {
  try {
    return await ask();
  } catch (error) {
    if (!isUnavailable(error)) throw error;
    throw new StoreUnavailable('the event store is away', { cause: error });
  }
}
