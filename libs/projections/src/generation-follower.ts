import { NOTED, type EventStore, type Position, type StoredEvent, type SubscriptionBatch } from '@muster/event-store';
import type { Clock } from '@muster/kernel';
import { withTransaction } from '@muster/postgres';
import { inSpans } from '@muster/tracing';
import { setTimeout as sleep } from 'node:timers/promises';
import type { Pool } from 'pg';
import type { Checkpoints, Generation } from './checkpoints';
import type { Projection } from './projection';

export interface FollowerSurroundings {
  readonly pool: Pool;
  readonly store: EventStore;
  readonly checkpoints: Checkpoints;
  /** Of the service. */
  readonly schema: string;
  readonly clock: Clock;
  /** Events per transaction at most. */
  readonly batchEvents: number;
  /** A position at which nothing was to be written is stored at most this often. */
  readonly quietMs: number;
}

/** A type that the projection neither handles nor ignores: it has to be deployed anew. */
export class UnexpectedEvent extends Error {
  override readonly name = 'UnexpectedEvent';
  constructor(
    message: string,
    readonly correlationId: string,
  ) {
    super(message);
  }
}

/** Applies the log to one generation, batch by batch, each in one transaction with its checkpoint. */
export class GenerationFollower {
  /** Everything up to here has been looked at, and what belongs to the projection is committed. */
  scanned: Position;
  caughtUp = false;
  /** What the checkpoint row says; behind `scanned` while nothing was to be written. */
  private stored: Position;
  private storedAt = 0;
  private readonly handled: ReadonlySet<string>;
  private readonly ignored: ReadonlySet<string>;

  constructor(
    private readonly surroundings: FollowerSurroundings,
    private readonly projection: Projection,
    private readonly generation: Generation,
    private readonly epoch: number,
    private readonly onScanned: () => void,
  ) {
    this.scanned = generation.position;
    this.stored = generation.position;
    this.handled = new Set(projection.handles);
    this.ignored = new Set([...projection.ignores, NOTED]);
  }

  /** Follows until `signal` aborts, or until `done` says so after a batch. */
  async run(signal: AbortSignal, done: () => boolean = () => false): Promise<void> {
    const ending = new AbortController();
    const subscription = this.surroundings.store.subscribe({
      after: this.scanned,
      categories: this.projection.categories,
      signal: AbortSignal.any([signal, ending.signal]),
    });
    const batches = subscription[Symbol.asyncIterator]();
    let next = batches.next();
    try {
      for (;;) {
        const step = await this.nextOrQuiet(next);
        if (step === 'quiet') {
          await this.storeScanned();
          continue;
        }
        if (step.done === true) return;
        await this.take(step.value, signal);
        if (signal.aborted || done()) return;
        next = batches.next();
      }
    } finally {
      ending.abort();
      // A failed `next` was thrown above already; ending the iteration frees what the store holds for it.
      await batches.return?.().catch(() => undefined);
    }
  }

  /** While the row lags behind what was scanned, wakes up to store it. */
  private async nextOrQuiet(
    next: Promise<IteratorResult<SubscriptionBatch>>,
  ): Promise<IteratorResult<SubscriptionBatch> | 'quiet'> {
    if (this.scanned === this.stored) return next;
    const timer = new AbortController();
    try {
      const quiet = sleep(this.surroundings.quietMs, 'quiet' as const, { signal: timer.signal });
      quiet.catch(() => undefined);
      return await Promise.race([next, quiet]);
    } finally {
      timer.abort();
    }
  }

  private async take(batch: SubscriptionBatch, signal: AbortSignal): Promise<void> {
    const { batchEvents, clock, quietMs } = this.surroundings;
    for (let at = 0; at < batch.events.length && !signal.aborted; at += batchEvents) {
      await this.apply(batch.events.slice(at, at + batchEvents));
    }
    if (signal.aborted) return;
    this.scanned = batch.scannedTo;
    this.caughtUp = batch.caughtUp;
    if (this.scanned !== this.stored && clock.now().getTime() - this.storedAt >= quietMs) await this.storeScanned();
    this.onScanned();
  }

  private async apply(events: readonly StoredEvent[]): Promise<void> {
    const known = this.untilUnexpected(events);
    const own = known.filter((event) => this.handled.has(event.type));
    const to = known.at(-1)?.position ?? this.scanned;
    if (own.length > 0) {
      await this.write(own, to);
      this.markStored(to);
    }
    this.scanned = to;
    this.onScanned();
    const unexpected = events[known.length];
    if (unexpected) {
      throw new UnexpectedEvent(
        `${unexpected.type} (${unexpected.stream} at revision ${String(unexpected.revision)}) is neither handled nor ignored`,
        unexpected.metadata.correlationId,
      );
    }
  }

  /** A rebuild tells no traces: what it applies was applied long ago. */
  private async write(own: readonly StoredEvent[], to: Position): Promise<void> {
    const { pool, checkpoints, schema } = this.surroundings;
    const write = (): Promise<void> =>
      withTransaction(pool, async (client) => {
        await checkpoints.move(client, this.generation, this.epoch, this.stored, to);
        await this.projection.apply(own, client);
      });
    if (this.generation.state !== 'live') return write();
    const name = `project ${schema}.${this.projection.name}`;
    const from = (): readonly (string | undefined)[] => own.map(({ metadata }) => metadata.traceparent);
    return inSpans({ name, kind: 'in', attributes: { 'muster.events': own.length }, from }, write);
  }

  private untilUnexpected(events: readonly StoredEvent[]): readonly StoredEvent[] {
    const unexpected = events.findIndex(({ type }) => !this.handled.has(type) && !this.ignored.has(type));
    return unexpected < 0 ? events : events.slice(0, unexpected);
  }

  private async storeScanned(): Promise<void> {
    const to = this.scanned;
    const { pool, checkpoints } = this.surroundings;
    await checkpoints.move(pool, this.generation, this.epoch, this.stored, to);
    this.markStored(to);
  }

  private markStored(position: Position): void {
    this.stored = position;
    this.storedAt = this.surroundings.clock.now().getTime();
  }
}
