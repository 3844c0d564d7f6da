import { randomUUID } from 'node:crypto';
import type { EventStore, Position, StoredEvent, SubscriptionBatch } from '@muster/event-store';

/** What the suite needs of an adapter. Every `open` gives a new client of the same log, which may hold other events. */
export interface ConformanceSetup {
  open(): Promise<EventStore>;
  /** The same, but it may append to streams of these categories only. */
  openFor?(categories: readonly string[]): Promise<EventStore>;
  /** Runs `work` while another client of the same server holds a long-running write open. */
  besideLongWrite?(work: () => Promise<void>): Promise<void>;
  /** Takes the server away and back, for the stores of `open` here; the log survives. */
  outage?: Outage;
}

export interface Outage {
  open(): Promise<EventStore>;
  begin(): Promise<void>;
  end(): Promise<void>;
}

/** The stores of one test, closed after it. */
export class Stores {
  private readonly opened: EventStore[] = [];

  constructor(private readonly setup: Pick<ConformanceSetup, 'open'>) {}

  async open(): Promise<EventStore> {
    return this.closing(await this.setup.open());
  }

  closing(store: EventStore): EventStore {
    this.opened.push(store);
    return store;
  }

  async closeAll(): Promise<void> {
    await Promise.all(this.opened.splice(0).map((store) => store.close()));
  }
}

/** A category that no other test uses. */
export function aCategory(): string {
  return `conformance${randomUUID().replaceAll('-', '').slice(0, 12)}`;
}

export function aStream(category: string = aCategory()): string {
  return `${category}-${randomUUID()}`;
}

export async function collect<T>(items: AsyncIterable<T>): Promise<T[]> {
  const all: T[] = [];
  for await (const item of items) all.push(item);
  return all;
}

/** A subscription that runs beside the test. */
export class Follower {
  readonly events: StoredEvent[] = [];
  readonly batches: Pick<SubscriptionBatch, 'scannedTo' | 'caughtUp'>[] = [];
  /** Settles when the iteration is over: it must not end before `stop`. */
  readonly ended: Promise<void>;
  private readonly stopping = new AbortController();
  private isOver = false;
  private waiting: (() => void) | undefined;

  constructor(store: EventStore, after: Position, categories?: readonly string[], beforeEach?: () => Promise<void>) {
    const { signal } = this.stopping;
    this.ended = this.follow(
      store.subscribe(categories ? { after, categories, signal } : { after, signal }),
      beforeEach,
    );
    // The test sees the error when it waits for `ended` or `until`.
    this.ended.catch(() => undefined);
  }

  get scannedTo(): Position | undefined {
    return this.batches.at(-1)?.scannedTo;
  }

  /** Resolves once `condition` holds, which is looked at after each batch. */
  async until(condition: () => boolean): Promise<void> {
    while (!condition()) {
      if (this.isOver) await this.ended.then(() => Promise.reject(new Error('the subscription ended by itself')));
      await new Promise<void>((resolve) => {
        this.waiting = resolve;
      });
    }
  }

  async stop(): Promise<void> {
    this.stopping.abort();
    await this.ended;
  }

  private async follow(batches: AsyncIterable<SubscriptionBatch>, beforeEach?: () => Promise<void>): Promise<void> {
    try {
      for await (const { events, scannedTo, caughtUp } of batches) {
        await beforeEach?.();
        this.events.push(...events);
        this.batches.push({ scannedTo, caughtUp });
        this.waiting?.();
      }
    } finally {
      this.isOver = true;
      this.waiting?.();
    }
  }
}

/** A test that needs something which not every adapter has; without it, it is skipped and says why. */
export function itWith<T>(
  capability: T | undefined,
  missing: string,
  name: string,
  test: (capability: T) => Promise<void>,
  timeoutMs?: number,
): void {
  if (capability === undefined) it.skip(`${name} [skipped: ${missing}]`, () => undefined);
  else it(name, () => test(capability), timeoutMs);
}
