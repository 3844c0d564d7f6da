import { setMaxListeners } from 'node:events';
import {
  encodeAppend,
  isBefore,
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
import { Appends } from './appends';
import { Connections } from './connections';
import { offsetOf } from './position';
import { Reads } from './reads';
import { Scans } from './scan';
import { storeIdOf } from './store-id';
import { subscription, type Followed } from './subscription';

export interface EventStoreDbEventStoreOptions {
  /** `esdb://user:password@host:2113`, `esdb+discover://...` for a cluster; `?tls=false` needs no user. */
  readonly connectionString: string;
  /** An append to a stream of any other category throws. Default: every category. */
  readonly allowedCategories?: readonly string[];
  /** A server that does not answer for so long counts as away, in milliseconds. Default: 10,000. */
  readonly timeoutMs?: number;
}

const TIMEOUT_MS = 10_000;
/** A record of the log holds 88 bytes beside names, data and metadata, and our metadata are never shorter than 40. */
const LEAST_RECORD_BYTES = 128n;

/** The log in EventStoreDB. See the README for what of its client is used, and why. */
export class EventStoreDbEventStore implements EventStore {
  private constructor(
    readonly storeId: string,
    private readonly log: Followed,
    private readonly appends: Appends,
    private readonly ending: AbortController,
    private readonly allowedCategories: ReadonlySet<string> | undefined,
  ) {}

  /**
   * Opens the log, and names it where nobody has. Throws `StoreUnavailable` while the server is away, TypeError for a
   * connection string that cannot work.
   */
  static async open(options: EventStoreDbEventStoreOptions): Promise<EventStoreDbEventStore> {
    const { connectionString, allowedCategories, timeoutMs = TIMEOUT_MS } = options;
    const connections = new Connections(connectionString);
    const ending = new AbortController();
    // Each read that waits listens to it.
    setMaxListeners(0, ending.signal);
    const reads = new Reads(connections, timeoutMs, ending.signal);
    const appends = new Appends(connections, timeoutMs, (stream, revision) => reads.positionOf(stream, revision));
    try {
      const storeId = await storeIdOf(reads, appends);
      const log = { connections, reads, scans: new Scans(reads), silenceMs: timeoutMs };
      return new EventStoreDbEventStore(storeId, log, appends, ending, allowedCategories && new Set(allowedCategories));
    } catch (error) {
      await connections.dispose();
      throw error;
    }
  }

  /** The same log and connections for one context of this process: appends only to these categories. Closing it closes both. */
  restrictedTo(categories: readonly string[]): EventStoreDbEventStore {
    return new EventStoreDbEventStore(this.storeId, this.log, this.appends, this.ending, new Set(categories));
  }

  async append(stream: string, expected: ExpectedRevision, events: readonly EventToAppend[]): Promise<AppendResult> {
    return this.appends.append(encodeAppend(stream, expected, events, this.allowedCategories));
  }

  readStream(stream: string, options: ReadStreamOptions = {}): AsyncIterable<StoredEvent> {
    return this.log.reads.stream(stream, options);
  }

  readAll(options: ReadAllOptions = {}): AsyncIterable<StoredEvent> {
    return this.log.reads.all(options);
  }

  subscribe(options: SubscribeOptions): AsyncIterable<SubscriptionBatch> {
    return subscription(this.log, options, AbortSignal.any([options.signal, this.ending.signal]));
  }

  head(): Promise<Position> {
    return this.log.reads.head();
  }

  /** An upper estimate: positions are offsets in bytes, and this is how many of the smallest events fit between. */
  distance(from: Position, to: Position): Promise<number> {
    if (!isBefore(from, to)) return Promise.resolve(0);
    const bytes = offsetOf(to) - offsetOf(from);
    return Promise.resolve(Math.max(1, Number((bytes + LEAST_RECORD_BYTES - 1n) / LEAST_RECORD_BYTES)));
  }

  /** Ends subscriptions and reads, waits for the appends that are under way, and lets go of the connections. */
  async close(): Promise<void> {
    this.ending.abort();
    await this.appends.close();
    await this.log.connections.dispose();
  }
}
