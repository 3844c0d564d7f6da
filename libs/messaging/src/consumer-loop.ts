import type { OutgoingEvent } from '@muster/contracts';
import { START, type EventStore, type Position, type StoredEvent, type SubscriptionBatch } from '@muster/event-store';
import { OwnedWork, pause, type Leases } from '@muster/postgres';
import type { Checkpoint, ConsumerStorage } from './consumer-storage';
import { DeliveryEnded, Delivering, type DeliveryRules } from './delivering';
import { goesOn } from './failures';
import type { IntegrationConsumer, ReadBack, Translation } from './integration-bus';
import { translated } from './translated';

export interface ConsumerSurroundings extends DeliveryRules {
  readonly store: EventStore;
  readonly storage: ConsumerStorage;
  readonly leases: Leases;
  /** How often ownership is tried for, and operators' requests from other processes are looked for. */
  readonly pollMs: number;
  /** Stored events per step; the checkpoint moves after each. */
  readonly batchEvents: number;
  readonly onStopped: (consumer: string, error: Error) => void;
}

const QUIET_MS = 1_000;
const FOR_EVER_MS = 2 ** 31 - 1;

/** One consumer in this process: waits to own it, then follows the store from its checkpoint. */
export class ConsumerLoop {
  /** Everything up to here was handled, parked, or is no concern of this consumer. */
  scanned: Position = START;
  /** This process is the one that consumes. */
  owned = false;
  /** Something is in hand. */
  delivering = false;
  private movedAt = 0;
  private readonly work: OwnedWork;
  private readonly categories: readonly string[];
  private readonly listeners = new Set<() => void>();

  constructor(
    readonly consumer: IntegrationConsumer,
    private readonly translations: readonly Translation[],
    private readonly surroundings: ConsumerSurroundings,
  ) {
    const { leases, pollMs, onStopped, onInterrupted } = surroundings;
    const { name } = consumer;
    this.categories = [...new Set(translations.flatMap((translation) => translation.categories))];
    this.work = new OwnedWork({
      name,
      key: `consumer:${name}`,
      leases,
      pollMs,
      work: (signal) => this.own(signal),
      isPassing: goesOn,
      onStopped,
      onInterrupted,
    });
  }

  start(): void {
    this.work.start();
  }

  stop(): Promise<void> {
    return this.work.stop();
  }

  get stoppedBy(): Error | undefined {
    return this.work.stoppedBy;
  }

  /** An operator asks for something: look now. */
  wake(): void {
    this.work.wake();
  }

  /** Resolves at the next progress, or after `ms`. */
  async progress(ms: number): Promise<void> {
    const timer = new AbortController();
    const listener = (): void => {
      timer.abort();
    };
    this.listeners.add(listener);
    await pause(ms, timer.signal);
    this.listeners.delete(listener);
  }

  private async own(signal: AbortSignal): Promise<void> {
    const { storage, store } = this.surroundings;
    const ending = new AbortController();
    const ended = AbortSignal.any([signal, ending.signal]);
    let checkpoint = await storage.takeOver(this.consumer.name);
    this.scanned = checkpoint.position;
    const delivering = new Delivering(this.consumer, storage, this.surroundings, signal);
    this.owned = true;
    await delivering.retryAsked();
    const subscription = store.subscribe({ after: checkpoint.position, categories: this.categories, signal: ended });
    const batches = subscription[Symbol.asyncIterator]();
    let next = batches.next();
    try {
      for (;;) {
        const step = await this.nextOrAsked(next, delivering, checkpoint, ended);
        if (step === 'asked') {
          await delivering.retryAsked();
          if (this.scanned > checkpoint.position) checkpoint = await this.moved(checkpoint, this.scanned);
        } else if (step.done === true) return;
        else {
          checkpoint = await this.take(step.value, checkpoint, delivering);
          next = batches.next();
        }
      }
    } catch (error) {
      if (!(error instanceof DeliveryEnded)) throw error;
    } finally {
      this.owned = false;
      this.delivering = false;
      ending.abort();
      // A failed `next` was thrown above already; ending the iteration frees what the store holds for it.
      await batches.return?.().catch(() => undefined);
    }
  }

  private async nextOrAsked(
    next: Promise<IteratorResult<SubscriptionBatch>>,
    delivering: Delivering,
    checkpoint: Checkpoint,
    signal: AbortSignal,
  ): Promise<IteratorResult<SubscriptionBatch> | 'asked'> {
    const { woken } = this.work;
    const settled = new AbortController();
    const waiting = AbortSignal.any([signal, woken, settled.signal]);
    // On a quiet log nothing else would store what was scanned, and whoever asks for the lag sees one that is none.
    const behind = this.scanned > checkpoint.position ? QUIET_MS : FOR_EVER_MS;
    const asked = pause(delivering.hasParked ? this.surroundings.pollMs : behind, waiting);
    try {
      // An ended subscription ends `next` too.
      const what = asked.then(async () => (signal.aborted ? await next : ('asked' as const)));
      what.catch(() => undefined);
      return await Promise.race([next, what]);
    } finally {
      settled.abort();
    }
  }

  private async take(batch: SubscriptionBatch, checkpoint: Checkpoint, delivering: Delivering): Promise<Checkpoint> {
    const { batchEvents } = this.surroundings;
    let at = checkpoint;
    this.delivering = batch.events.length > 0;
    for (let from = 0; from < batch.events.length; from += batchEvents) {
      const events = batch.events.slice(from, from + batchEvents);
      const deliveries = await this.translated(events);
      if (deliveries.length === 0) continue;
      await delivering.deliver(deliveries);
      at = await this.moved(at, events.at(-1)?.position ?? at.position);
    }
    this.delivering = false;
    // Where nothing was handled the checkpoint follows now and then, so that a restart has little to look at again.
    const quiet = batch.scannedTo > at.position && performance.now() - this.movedAt >= QUIET_MS;
    if (quiet) at = await this.moved(at, batch.scannedTo);
    this.scanned = batch.scannedTo;
    this.work.progressed();
    for (const listener of this.listeners) listener();
    return at;
  }

  private async moved(from: Checkpoint, position: Position): Promise<Checkpoint> {
    await this.surroundings.storage.move(this.consumer.name, from, position);
    this.movedAt = performance.now();
    return { ...from, position };
  }

  private async translated(events: readonly StoredEvent[]): Promise<readonly OutgoingEvent[]> {
    const deliveries: OutgoingEvent[] = [];
    for (const stored of events) {
      for (const translation of this.translations) {
        if (!translation.categories.some((category) => stored.stream.startsWith(`${category}-`))) continue;
        const events = await translated(translation, stored, this.readBack);
        deliveries.push(...events.filter((event) => this.wants(event)));
      }
    }
    return deliveries;
  }

  private wants({ context, feed, event }: OutgoingEvent): boolean {
    const { subscriptions, handles } = this.consumer;
    return (
      handles.includes(event.type) &&
      subscriptions.some((subscription) => subscription.context === context && subscription.feed === feed)
    );
  }

  private readonly readBack: ReadBack = (stream, from, to) =>
    this.surroundings.store.readStream(stream, { from, limit: Math.max(0, to - from + 1) });
}
