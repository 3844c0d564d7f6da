import type { OutgoingEvent } from '@muster/contracts';
import { asError, pause } from '@muster/postgres';
import { inSpan } from '@muster/tracing';
import type { ConsumerStorage } from './consumer-storage';
import { isTransient } from './failures';
import type { IntegrationConsumer } from './integration-bus';

export interface DeliveryRules {
  /** Tries before a key is parked. */
  readonly tries: number;
  /** The pause after the first failed try; it doubles with each. */
  readonly retryMs: number;
  /** Keys that are delivered side by side. */
  readonly keysAtOnce: number;
  /** Each try, also of what is tried again because something passing was in the way (`interrupted`). */
  readonly onHandled: (consumer: string, outcome: 'handled' | 'failed' | 'interrupted', seconds: number) => void;
  readonly onParked: (consumer: string, delivery: OutgoingEvent, error: Error) => void;
  /** `delivery`: what was in hand, where it was one. */
  readonly onInterrupted: (consumer: string, error: Error, delivery?: OutgoingEvent) => void;
}

const LONGEST_PAUSE_MS = 5_000;

/** The process is to stop, or someone else consumes: what is in hand is delivered again later. */
export class DeliveryEnded extends Error {
  override readonly name = 'DeliveryEnded';
}

/** Delivers to one consumer: in order per key, keys side by side, what fails for good is parked with all that follows. */
export class Delivering {
  private readonly parkedKeys = new Set<string>();

  constructor(
    private readonly consumer: IntegrationConsumer,
    private readonly storage: ConsumerStorage,
    private readonly rules: DeliveryRules,
    private readonly signal: AbortSignal,
  ) {}

  /** Whether an operator may ask for something. */
  get hasParked(): boolean {
    return this.parkedKeys.size > 0;
  }

  private async loadParkedKeys(): Promise<void> {
    const keys = await this.storage.parkedKeys(this.consumer.name);
    this.parkedKeys.clear();
    for (const { key } of keys) this.parkedKeys.add(key);
  }

  /** Resolves when each was handled or parked. */
  async deliver(deliveries: readonly OutgoingEvent[]): Promise<void> {
    const queue = byKey(deliveries);
    const lanes = Array.from({ length: Math.min(this.rules.keysAtOnce, queue.length) }, async () => {
      for (let ofKey = queue.shift(); ofKey; ofKey = queue.shift()) {
        for (const delivery of ofKey) await this.one(delivery);
      }
    });
    // All lanes end before the checkpoint or an error goes on: nothing is delivered twice side by side.
    const failed = (await Promise.allSettled(lanes)).find((lane) => lane.status === 'rejected');
    if (failed) throw failed.reason;
  }

  /** Tries the keys again that an operator asked for. */
  async retryAsked(): Promise<void> {
    const keys = await this.storage.parkedKeys(this.consumer.name);
    for (const { key, retry } of keys) if (retry) await this.retryKey(key);
    await this.loadParkedKeys();
  }

  private async retryKey(key: string): Promise<void> {
    const { name } = this.consumer;
    for (const { delivery } of await this.storage.parked(name, key)) {
      const failure = await this.attempt(delivery);
      if (failure) {
        await this.storage.failedAgain(name, delivery, this.rules.tries, failure.message);
        return;
      }
      await this.storage.unpark(name, delivery);
    }
  }

  private async one(delivery: OutgoingEvent): Promise<void> {
    const { name } = this.consumer;
    if (this.parkedKeys.has(delivery.key)) {
      if (await this.storage.parkBehind(name, delivery)) return;
      this.parkedKeys.delete(delivery.key);
    }
    const failure = await this.attempt(delivery);
    if (!failure) return;
    await this.storage.park(name, delivery, this.rules.tries, failure.message);
    this.parkedKeys.add(delivery.key);
    this.rules.onParked(name, delivery, failure);
  }

  /** The last error where all tries failed. What is transient counts for none. */
  private async attempt(delivery: OutgoingEvent): Promise<Error | undefined> {
    const { tries, retryMs, onInterrupted } = this.rules;
    let failures = 0;
    for (let waits = 0; ;) {
      if (this.signal.aborted) throw new DeliveryEnded(`consumer ${this.consumer.name} ends`);
      const began = performance.now();
      const ended = (outcome: 'handled' | 'failed' | 'interrupted'): void =>
        this.rules.onHandled(this.consumer.name, outcome, (performance.now() - began) / 1_000);
      try {
        await this.handle(delivery);
        ended('handled');
        return undefined;
      } catch (error) {
        const passing = isTransient(error);
        ended(passing ? 'interrupted' : 'failed');
        if (passing) onInterrupted(this.consumer.name, asError(error), delivery);
        else failures++;
        if (failures === tries) return asError(error);
        const doublings = passing ? waits++ : failures - 1;
        await pause(Math.min(retryMs * 2 ** doublings, LONGEST_PAUSE_MS), this.signal);
      }
    }
  }

  /** In the trace of what led to the event; what the consumer commands belongs to it too. */
  private handle(delivery: OutgoingEvent): Promise<void> {
    const { id, type, correlationid, traceparent } = delivery.event;
    const attributes = { 'muster.event': id, 'muster.event_type': type, 'muster.correlation_id': correlationid };
    return inSpan({ name: `consume ${this.consumer.name}`, kind: 'in', attributes, from: { traceparent } }, () =>
      this.consumer.handle(delivery),
    );
  }
}

function byKey(deliveries: readonly OutgoingEvent[]): OutgoingEvent[][] {
  const keys = new Map<string, OutgoingEvent[]>();
  for (const delivery of deliveries) {
    const ofKey = keys.get(delivery.key);
    if (ofKey) ofKey.push(delivery);
    else keys.set(delivery.key, [delivery]);
  }
  return [...keys.values()];
}
