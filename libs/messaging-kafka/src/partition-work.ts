import type { OutgoingEvent } from '@muster/contracts';
import { DeliveryEnded, Delivering, type ConsumerStorage, type IntegrationConsumer } from '@muster/messaging';
import { asError, pause } from '@muster/postgres';
import type { EachBatchPayload, KafkaMessage } from 'kafkajs';
import { headerOf, ONLY_FOR } from './dead-letter-headers';
import { passes } from './failures';
import type { GroupSurroundings } from './group-surroundings';
import { partitionOf } from './partition-of';
import { readMessage, UnreadableMessage } from './read-message';

/** What became of a batch. `wait`: something passing is in the way; what is left is fetched again. */
export type Outcome =
  | { readonly kind: 'done' }
  | { readonly kind: 'wait'; readonly pauseMs: number }
  | { readonly kind: 'broken'; readonly error: Error };

const FIRST_PAUSE_MS = 50;
const LONGEST_PAUSE_MS = 5_000;

/** For kafkajs, which joins the group again or looks for its coordinator. */
class CommitRefused extends Error {
  constructor(readonly reason: unknown) {
    super('the offset was not committed');
  }
}

/**
 * What one member does with one partition number, over all its topics: one thing at a time, so that a key is never in
 * two hands, be it a delivery or what an operator asked for.
 */
export class PartitionWork {
  private last: Promise<unknown> = Promise.resolve();
  private inHand = 0;
  private pauseMs = FIRST_PAUSE_MS;
  private readonly nexts = new Map<string, bigint>();
  /** Ids that were handled and are not committed: what holds up one key does not do the others' work again. */
  private readonly handled = new Set<string>();
  private readonly storage: ConsumerStorage;

  constructor(
    private readonly consumer: IntegrationConsumer,
    private readonly partition: number,
    private readonly surroundings: GroupSurroundings,
    /** `eventTime`: of what was handled. */
    private readonly moved: (eventTime?: string) => void,
  ) {
    const { storage } = surroundings;
    const parkedKeys: ConsumerStorage['parkedKeys'] = async (name) =>
      (await storage.parkedKeys(name)).filter(({ key }) => this.holds(key));
    this.storage = Object.assign(Object.create(storage) as ConsumerStorage, { parkedKeys });
  }

  get busy(): boolean {
    return this.inHand > 0;
  }

  holds(key: string): boolean {
    return partitionOf(Buffer.from(key)) === this.partition;
  }

  /** The next offset of this topic; undefined where nothing of it was looked at yet. */
  next(topic: string): bigint | undefined {
    return this.nexts.get(topic);
  }

  /** Another assignment holds: what is known here may be old. */
  forget(): void {
    this.nexts.clear();
    this.handled.clear();
  }

  reached(topic: string, offset: bigint): void {
    this.nexts.set(topic, offset);
    this.moved();
  }

  take(payload: EachBatchPayload, ending: AbortSignal): Promise<Outcome> {
    return this.guarded(
      ending,
      () => payload.heartbeat(),
      async (signal, deliveringIn) => {
        const delivering = deliveringIn(signal);
        await delivering.retryAsked();
        const { messages } = payload.batch;
        const { batchEvents, onBatch } = this.surroundings;
        onBatch(this.consumer.name, messages.length);
        for (let from = 0; from < messages.length; from += batchEvents) {
          if (signal.aborted || !payload.isRunning() || payload.isStale()) return;
          await this.slice(payload, messages.slice(from, from + batchEvents), delivering);
        }
      },
    );
  }

  /** Tries the keys of this partition again that an operator asked for. */
  async retryAsked(ending: AbortSignal): Promise<void> {
    const outcome = await this.guarded(
      ending,
      () => Promise.resolve(),
      (signal, deliveringIn) => deliveringIn(signal).retryAsked(),
    );
    if (outcome.kind === 'broken') throw outcome.error;
  }

  private async slice(
    payload: EachBatchPayload,
    messages: readonly KafkaMessage[],
    delivering: Delivering,
  ): Promise<void> {
    const { batch } = payload;
    const { topic, partition } = batch;
    const deliveries: OutgoingEvent[] = [];
    for (const message of messages) {
      const delivery = await this.read(topic, message);
      if (delivery) deliveries.push(delivery);
    }
    if (deliveries.length > 0) await delivering.deliver(deliveries);
    const last = messages.at(-1)!.offset;
    // Behind the last message lie marks of transactions, which nobody is given.
    const reached = BigInt(last === batch.messages.at(-1)?.offset ? batch.lastOffset() : last) + 1n;
    payload.resolveOffset(last);
    const offsets = { topics: [{ topic, partitions: [{ partition, offset: String(reached) }] }] };
    await payload.commitOffsetsIfNecessary(offsets).catch((error: unknown) => {
      throw new CommitRefused(error);
    });
    this.handled.clear();
    this.pauseMs = FIRST_PAUSE_MS;
    this.reached(topic, reached);
  }

  private async read(topic: string, message: KafkaMessage): Promise<OutgoingEvent | undefined> {
    const { check, deadLetters, onDeadLetter } = this.surroundings;
    const { name, handles } = this.consumer;
    const place = `${topic}/${message.offset}`;
    if (this.handled.has(place)) return undefined;
    // Published again for one consumer that could not read it the first time; the others have had it.
    if ((headerOf(message.headers, ONLY_FOR) ?? name) !== name) return undefined;
    try {
      return readMessage(topic, message, handles, check);
    } catch (error) {
      if (!(error instanceof UnreadableMessage)) throw error;
      const { message: reason } = error;
      await deadLetters.send({ consumer: name, topic, partition: this.partition, message, reason });
      this.handled.add(place);
      onDeadLetter(name, topic, message.offset, reason);
      return undefined;
    }
  }

  private guarded(
    ending: AbortSignal,
    heartbeat: () => Promise<void>,
    work: (signal: AbortSignal, deliveringIn: (signal: AbortSignal) => Delivering) => Promise<void>,
  ): Promise<Outcome> {
    this.inHand++;
    const done = this.last.then(() => this.alone(ending, heartbeat, work));
    this.last = done.catch(() => undefined);
    return done.finally(() => {
      this.inHand--;
    });
  }

  private async alone(
    ending: AbortSignal,
    heartbeat: () => Promise<void>,
    work: (signal: AbortSignal, deliveringIn: (signal: AbortSignal) => Delivering) => Promise<void>,
  ): Promise<Outcome> {
    const halt = new AbortController();
    const signal = AbortSignal.any([ending, halt.signal]);
    let inTheWay: Error | undefined;
    const deliveringIn = (): Delivering => {
      const onInterrupted: GroupSurroundings['onInterrupted'] = (name, error, delivery) => {
        // The batch is given back: kept open it would hold up the other partitions of its broker.
        inTheWay ??= error;
        halt.abort();
        this.moved();
        this.surroundings.onInterrupted(name, error, delivery);
      };
      return new Delivering(this.remembering(), this.storage, { ...this.surroundings, onInterrupted }, signal);
    };
    const beating = this.beat(heartbeat, halt);
    try {
      await work(signal, deliveringIn);
    } catch (error) {
      if (!(error instanceof DeliveryEnded)) {
        if (error instanceof CommitRefused) throw error.reason;
        if (!passes(error)) return { kind: 'broken', error: asError(error) };
        this.surroundings.onInterrupted(this.consumer.name, asError(error));
        inTheWay ??= asError(error);
      }
    } finally {
      halt.abort();
      await beating;
    }
    if (!inTheWay) return { kind: 'done' };
    const { pauseMs } = this;
    this.pauseMs = Math.min(2 * pauseMs, LONGEST_PAUSE_MS);
    return { kind: 'wait', pauseMs };
  }

  /** Keeps the membership while a handler takes its time; a rebalance ends the batch at its next event. */
  private async beat(heartbeat: () => Promise<void>, halt: AbortController): Promise<void> {
    const { heartbeatMs } = this.surroundings.times;
    for (;;) {
      await pause(heartbeatMs, halt.signal);
      if (halt.signal.aborted) return;
      await heartbeat().catch(() => {
        halt.abort();
      });
    }
  }

  private remembering(): IntegrationConsumer {
    const { consumer, handled, moved } = this;
    return {
      name: consumer.name,
      subscriptions: consumer.subscriptions,
      handles: consumer.handles,
      handle: async (delivery) => {
        const { event, context, feed } = delivery;
        const id = `${context}.${feed} ${event.id}`;
        if (handled.has(id)) return;
        await consumer.handle(delivery);
        handled.add(id);
        moved(event.time);
      },
    };
  }
}
