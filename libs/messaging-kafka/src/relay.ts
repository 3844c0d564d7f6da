import type { Context, Feed, OutgoingEvent } from '@muster/contracts';
import { START, type EventStore, type Position, type StoredEvent, type SubscriptionBatch } from '@muster/event-store';
import type { Checkpoint, ConsumerStorage, ReadBack, Translation } from '@muster/messaging';
import { OwnedWork, type Leases } from '@muster/postgres';
import type { Kafka } from 'kafkajs';
import { passes } from './failures';
import { partitionOf } from './partition-of';
import { profileMessages, type ExternalIds } from './profile-feed';
import { MAX_RECORD_BYTES, topicOf } from './topics';
import { TransactionalProducer, type Keyed } from './transactional-producer';

/** Between these a relay can die: for tests of what happens then. */
export type RelayStep = 'opened' | 'before-send' | 'before-commit' | 'before-checkpoint' | 'after-checkpoint';

export interface RelaySurroundings {
  readonly store: EventStore;
  readonly storage: ConsumerStorage;
  readonly leases: Leases;
  readonly kafka: Kafka;
  /** Resolves when the topics are as declared. */
  readonly ready: () => Promise<void>;
  readonly externalIds: ExternalIds | undefined;
  readonly transactionalId: string;
  readonly pollMs: number;
  /** Messages in one transaction, about. */
  readonly transactionMessages: number;
  readonly atStep: (relay: string, step: RelayStep) => Promise<void>;
  readonly onStopped: (relay: string, error: Error) => void;
  readonly onInterrupted: (relay: string, error: Error) => void;
}

const QUIET_MS = 1_000;

/** A message cannot be published as it is: the relay stops, for nothing is left out in silence. */
export class MessageTooLarge extends Error {
  override readonly name = 'MessageTooLarge';
}

/** Publishes one feed of one context: follows the event store, translates, sends, and then moves its checkpoint. */
export class Relay {
  readonly name: string;
  /** Everything up to here is published. */
  scanned: Position = START;
  /** This process is the one that publishes. */
  owned = false;
  readonly topic: string;
  /** The offset after the last that this process has published, by partition. */
  readonly sentTo = new Map<number, bigint>();
  private readonly work: OwnedWork;
  private movedAt = 0;

  constructor(
    context: Context,
    private readonly feed: Feed,
    private readonly translations: readonly Translation[],
    private readonly surroundings: RelaySurroundings,
  ) {
    this.name = relayName(context, feed);
    this.topic = topicOf(context, feed);
    const { leases, pollMs, onStopped, onInterrupted } = surroundings;
    this.work = new OwnedWork({
      name: this.name,
      key: `relay:${this.name}`,
      leases,
      pollMs,
      work: (signal) => this.own(signal),
      isPassing: passes,
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

  /** The owner knows more than its checkpoint says, which moves only where something was published. */
  async position(): Promise<Position> {
    return this.owned ? this.scanned : this.surroundings.storage.position(this.name);
  }

  private async own(signal: AbortSignal): Promise<void> {
    const { kafka, ready, storage, store, transactionalId } = this.surroundings;
    await ready();
    // Fenced off in Kafka before the checkpoint is read: what a former owner still sends after that is refused.
    const producer = await TransactionalProducer.open(kafka, transactionalId);
    try {
      await this.at('opened');
      let checkpoint = await storage.takeOver(this.name);
      this.scanned = checkpoint.position;
      this.owned = true;
      const categories = [...new Set(this.translations.flatMap((translation) => translation.categories))];
      for await (const batch of store.subscribe({ after: checkpoint.position, categories, signal })) {
        checkpoint = await this.take(batch, checkpoint, producer);
        if (signal.aborted) break;
      }
    } finally {
      this.owned = false;
      await producer.close();
    }
  }

  private async take(
    batch: SubscriptionBatch,
    checkpoint: Checkpoint,
    producer: TransactionalProducer,
  ): Promise<Checkpoint> {
    const { transactionMessages } = this.surroundings;
    const outbox = new Outbox();
    let at = checkpoint;
    for (const stored of batch.events) {
      for await (const messages of this.messagesOf(stored)) {
        for (const message of messages) outbox.add(message);
        // In the middle of one stored event too, which may be millions of messages: a restart sends it all again.
        if (outbox.size >= transactionMessages) await this.send(outbox, producer);
      }
      if (outbox.size === 0 && outbox.sentSince) at = await this.moved(at, stored.position, outbox);
    }
    if (outbox.size > 0) await this.send(outbox, producer);
    const quiet = batch.scannedTo > at.position && performance.now() - this.movedAt >= QUIET_MS;
    if (outbox.sentSince || quiet) at = await this.moved(at, batch.scannedTo, outbox);
    this.scanned = batch.scannedTo;
    this.work.progressed();
    return at;
  }

  private async send(outbox: Outbox, producer: TransactionalProducer): Promise<void> {
    await this.at('before-send');
    const sentTo = await producer.send(this.topic, outbox.take(), () => this.at('before-commit'));
    for (const [partition, offset] of sentTo) this.sentTo.set(partition, offset);
    await this.at('before-checkpoint');
  }

  private async moved(from: Checkpoint, position: Position, outbox: Outbox): Promise<Checkpoint> {
    if (position === from.position) return from;
    await this.surroundings.storage.move(this.name, from, position);
    this.movedAt = performance.now();
    if (outbox.sentSince) await this.at('after-checkpoint');
    outbox.sentSince = false;
    return { ...from, position };
  }

  private async *messagesOf(stored: StoredEvent): AsyncGenerator<readonly Keyed[]> {
    const events = await this.translated(stored);
    if (this.feed !== 'profiles') {
      yield events.filter(({ feed }) => feed === this.feed).map(messageOf);
      return;
    }
    const { externalIds } = this.surroundings;
    if (!externalIds) throw new Error(`${this.name}: without external ids there is no profile feed`);
    yield* profileMessages(
      events.filter(({ feed }) => feed === 'sets'),
      externalIds,
    );
  }

  private async translated(stored: StoredEvent): Promise<readonly OutgoingEvent[]> {
    const events: OutgoingEvent[] = [];
    for (const translation of this.translations) {
      if (!translation.categories.some((category) => stored.stream.startsWith(`${category}-`))) continue;
      events.push(...(await translation.translate(stored, this.readBack)));
    }
    return events;
  }

  private readonly readBack: ReadBack = (stream, from, to) =>
    this.surroundings.store.readStream(stream, { from, limit: Math.max(0, to - from + 1) });

  private at(step: RelayStep): Promise<void> {
    return this.surroundings.atStep(this.name, step);
  }
}

/** Also the name of its checkpoint, which lies with its context as those of consumers do. */
export function relayName(context: Context, feed: Feed): string {
  return `${context}.relay-${feed}`;
}

function messageOf({ key, event }: OutgoingEvent): Keyed {
  const message = { key: Buffer.from(key), value: Buffer.from(JSON.stringify(event)) };
  const bytes = message.key.length + message.value.length;
  if (bytes > MAX_RECORD_BYTES) {
    throw new MessageTooLarge(
      `${event.type} ${event.id} takes ${String(bytes)} bytes, at most ${String(MAX_RECORD_BYTES)} can be published`,
    );
  }
  return message;
}

/** What is to be sent next, by partition. */
class Outbox {
  size = 0;
  /** Something was sent that the checkpoint does not cover. */
  sentSince = false;
  private lanes = new Map<number, Keyed[]>();

  add(message: Keyed): void {
    const partition = partitionOf(message.key);
    const lane = this.lanes.get(partition);
    if (lane) lane.push(message);
    else this.lanes.set(partition, [message]);
    this.size++;
  }

  take(): ReadonlyMap<number, readonly Keyed[]> {
    const { lanes } = this;
    this.lanes = new Map();
    this.size = 0;
    this.sentSince = true;
    return lanes;
  }
}
