import {
  StoreUnavailable,
  WrongExpectedRevision,
  categoryOf,
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
import type { Anomalies } from './anomalies';
import { MemoryLog, countUpTo, positionOf } from './memory-log';

export interface MemoryEventStoreOptions {
  /** The log, perhaps shared with other stores. Default: an empty one of its own. */
  readonly log?: MemoryLog;
  /** An append to a stream of any other category throws. Default: every category. */
  readonly allowedCategories?: readonly string[];
  /** Default: none ever. */
  readonly anomalies?: Anomalies;
  /** Lets others go on before an operation takes effect; a simulation puts its scheduler here. Default: a microtask. */
  readonly turn?: () => Promise<void>;
}

const BATCH_EVENTS = 500;
const SLOW_TURNS = 20;

/** The port in memory, for unit tests and simulations. Not durable. */
export class MemoryEventStore implements EventStore {
  readonly storeId: string;
  private readonly log: MemoryLog;
  private readonly allowedCategories: ReadonlySet<string> | undefined;
  private readonly anomalies: Anomalies;
  private readonly turn: () => Promise<void>;
  private readonly ending = new AbortController();

  constructor(options: MemoryEventStoreOptions = {}) {
    this.log = options.log ?? new MemoryLog();
    this.storeId = this.log.storeId;
    this.allowedCategories = options.allowedCategories && new Set(options.allowedCategories);
    this.anomalies = options.anomalies ?? (() => undefined);
    this.turn = options.turn ?? (() => Promise.resolve());
  }

  async append(stream: string, expected: ExpectedRevision, events: readonly EventToAppend[]): Promise<AppendResult> {
    const encoded = encodeAppend(stream, expected, events, this.allowedCategories);
    const anomaly = await this.begin('append');
    if (anomaly === 'conflict') {
      throw new WrongExpectedRevision(stream, expected, this.log.placesOf(stream).length - 1);
    }
    const result = this.log.append(encoded);
    if (anomaly === 'applied-then-error') throw new StoreUnavailable('the answer was lost');
    return result;
  }

  async *readStream(stream: string, options: ReadStreamOptions = {}): AsyncGenerator<StoredEvent, void, undefined> {
    await this.begin('read');
    const places = this.log.placesOf(stream);
    const found =
      options.direction === 'backwards'
        ? places.slice(0, (options.from ?? places.length) + 1).reverse()
        : places.slice(options.from ?? 0);
    yield* this.events(found.slice(0, options.limit));
  }

  async *readAll(options: ReadAllOptions = {}): AsyncGenerator<StoredEvent, void, undefined> {
    await this.begin('read');
    const count = options.from === undefined ? undefined : countUpTo(options.from);
    const all = Array.from({ length: this.log.length }, (_, n) => n);
    const found =
      options.direction === 'backwards'
        ? all.slice(0, count === undefined ? undefined : Math.max(count - 1, 0)).reverse()
        : all.slice(Math.max((count ?? 0) - 1, 0));
    yield* this.events(found.slice(0, options.limit));
  }

  async *subscribe(options: SubscribeOptions): AsyncGenerator<SubscriptionBatch, void, undefined> {
    const signal = AbortSignal.any([options.signal, this.ending.signal]);
    const categories = options.categories && new Set(options.categories);
    let at = countUpTo(options.after);
    let told = false;
    const ended = () => signal.aborted;
    while (!ended()) {
      const slow = (await this.begin('subscribe')) === 'slow';
      if (ended()) return;
      if (at < this.log.length || !told) {
        told = true;
        const end = Math.min(this.log.length, at + (slow ? 1 : BATCH_EVENTS));
        const places = Array.from({ length: Math.max(end - at, 0) }, (_, i) => at + i).filter(
          (n) => !categories || categories.has(categoryOf(this.log.streamAt(n) ?? '')),
        );
        at = Math.max(at, end);
        const scannedTo = at === 0 ? options.after : positionOf(at - 1);
        yield { events: [...this.events(places)], scannedTo, caughtUp: at >= this.log.length };
      } else {
        await this.growth(at, signal);
      }
    }
  }

  async head(): Promise<Position> {
    await this.begin('read');
    return this.log.head;
  }

  distance(from: Position, to: Position): Promise<number> {
    return Promise.resolve(Math.max(0, countUpTo(to) - countUpTo(from)));
  }

  close(): Promise<void> {
    this.ending.abort();
    return Promise.resolve();
  }

  private async begin(operation: 'append' | 'read' | 'subscribe') {
    if (this.ending.signal.aborted) throw new StoreUnavailable('the store is closed');
    const anomaly = this.anomalies(operation);
    for (let turns = anomaly === 'slow' ? SLOW_TURNS : 1; turns > 0; turns--) await this.turn();
    if (anomaly === 'refused') throw new StoreUnavailable('the store is away');
    return anomaly;
  }

  private *events(places: readonly number[]): Generator<StoredEvent, void, undefined> {
    for (const place of places) {
      const event = this.log.at(place);
      if (event) yield event;
    }
  }

  private async growth(length: number, signal: AbortSignal): Promise<void> {
    if (signal.aborted || this.log.length > length) return;
    await new Promise<void>((resolve) => {
      const done = () => {
        stop();
        signal.removeEventListener('abort', done);
        resolve();
      };
      const stop = this.log.watch(done);
      signal.addEventListener('abort', done);
    });
  }
}
