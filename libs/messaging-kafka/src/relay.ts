import type { Context, Feed } from '@muster/contracts';
import { START, type EventStore, type Position, type SubscriptionBatch } from '@muster/event-store';
import type { ConsumerStorage, Translation } from '@muster/messaging';
import { OwnedWork, type Leases } from '@muster/postgres';
import type { Kafka } from 'kafkajs';
import { NotReady, passes } from './failures';
import type { ExternalIds } from './profile-feed';
import { Publishing, type RelayStep } from './publishing';
import { RelayMessages } from './relay-messages';
import { topicOf } from './topics';
import { TransactionalProducer } from './transactional-producer';

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
  readonly onPublished: (relay: string, messages: number) => void;
  readonly onStopped: (relay: string, error: Error) => void;
  readonly onInterrupted: (relay: string, error: Error) => void;
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
  private readonly messages: RelayMessages;

  constructor(
    context: Context,
    feed: Feed,
    translations: readonly Translation[],
    private readonly surroundings: RelaySurroundings,
  ) {
    this.name = relayName(context, feed);
    this.topic = topicOf(context, feed);
    const { leases, pollMs, onStopped, onInterrupted, store, externalIds } = surroundings;
    this.messages = new RelayMessages(feed, translations, store, externalIds);
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
    // Fenced off in Kafka before the checkpoint is read: what a former owner still sends after that is refused.
    const producer = await this.open();
    try {
      await this.publish(producer, signal);
    } finally {
      this.owned = false;
      await producer.close();
    }
  }

  /** Whatever fails here is tried again: the client fails in ways of its own while topics and coordinators appear. */
  private async open(): Promise<TransactionalProducer> {
    const { kafka, ready, transactionalId } = this.surroundings;
    try {
      await ready();
      return await TransactionalProducer.open(kafka, transactionalId, this.topic);
    } catch (error) {
      throw new NotReady(error);
    }
  }

  private async publish(producer: TransactionalProducer, signal: AbortSignal): Promise<void> {
    const { storage, store, transactionMessages } = this.surroundings;
    const at = (step: RelayStep): Promise<void> => this.surroundings.atStep(this.name, step);
    await at('opened');
    const checkpoint = await storage.takeOver(this.name);
    this.scanned = checkpoint.position;
    this.owned = true;
    const publishing = new Publishing(checkpoint, {
      relay: this.name,
      topic: this.topic,
      producer,
      storage,
      transactionMessages,
      at,
      onPublished: (upTo, sentTo, messages) => {
        this.scanned = upTo;
        this.surroundings.onPublished(this.name, messages);
        for (const [partition, offset] of sentTo) this.sentTo.set(partition, offset);
        this.work.progressed();
      },
    });
    const ended = AbortSignal.any([signal, publishing.failed]);
    const { categories } = this.messages;
    try {
      for await (const batch of store.subscribe({ after: checkpoint.position, categories, signal: ended })) {
        await this.take(batch, publishing, ended);
        if (ended.aborted) break;
      }
    } finally {
      // Also what came before something that cannot be translated.
      await publishing.settled();
    }
  }

  private async take(batch: SubscriptionBatch, publishing: Publishing, ended: AbortSignal): Promise<void> {
    const { messages } = this;
    for (const stored of batch.events) {
      const { traceparent } = stored.metadata;
      if (!messages.inPieces) publishing.add(await messages.of(stored), traceparent);
      else {
        for await (const piece of messages.piecesOf(stored)) {
          publishing.add(piece, traceparent);
          if (publishing.isFull) await publishing.room();
          if (ended.aborted) return;
        }
      }
      publishing.reached(stored.position);
      if (publishing.isFull) await publishing.room();
      if (ended.aborted) return;
    }
    publishing.scanned(batch.scannedTo, batch.caughtUp);
  }
}

/** Also the name of its checkpoint, which lies with its context as those of consumers do. */
export function relayName(context: Context, feed: Feed): string {
  return `${context}.relay-${feed}`;
}
