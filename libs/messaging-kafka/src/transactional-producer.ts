import { asError } from '@muster/postgres';
import type { Kafka, Message, Producer, RecordMetadata, Transaction } from 'kafkajs';
import { COMPRESSION } from './client/compression';
import type { BatchMessage } from './client/produce-request';
import type { RecordBatch } from './client/record-batch';
import { partitionOf } from './partition-of';

/** What goes out together: by partition, batches in their order. */
export type Lanes = ReadonlyMap<number, readonly RecordBatch[]>;

/** The offset after the last that was sent, by partition. */
export type SentTo = ReadonlyMap<number, bigint>;

/** Longer than any transaction here takes, short enough that readers do not wait long for one that was left open. */
const TRANSACTION_MS = 30_000;
const SEQUENCES = 2 ** 31;

/** Kafka took something else than it was given: nothing is known of what it holds. */
export class UnexpectedAnswer extends Error {
  override readonly name = 'UnexpectedAnswer';
}

/**
 * The one producer of a relay. Opening it makes the broker refuse every earlier producer of the same id, and abort what
 * that had open. After any failure it is of no use any more: nobody knows what became of its last request.
 */
export class TransactionalProducer {
  /** How many records were sent to a partition: the broker tells a repeated request by it. */
  private readonly sequences = new Map<number, number>();
  private failure: Error | undefined;

  private constructor(
    private readonly topic: string,
    private readonly producer: Producer,
    private opened: Transaction | undefined,
  ) {}

  /** Rejects where the broker gives no producer id: without one kafkajs would go on without any guarantee. */
  static async open(kafka: Kafka, transactionalId: string, topic: string): Promise<TransactionalProducer> {
    const producer = kafka.producer({
      transactionalId,
      idempotent: true,
      allowAutoTopicCreation: false,
      transactionTimeout: TRANSACTION_MS,
      createPartitioner: () => partitionerOf,
      // The next transaction waits for the last one's markers: a few milliseconds, not the 300 that are the default.
      retry: { initialRetryTime: 20, multiplier: 1.7, maxRetryTime: 2_000, retries: 10 },
    });
    try {
      await producer.connect();
      return new TransactionalProducer(topic, producer, await producer.transaction());
    } catch (error) {
      await producer.disconnect().catch(() => undefined);
      throw error;
    }
  }

  /** All of it becomes visible at once, each partition in order; or it rejects, and none or (unknown) all of it does. */
  async send(lanes: Lanes, beforeCommit: () => Promise<void>): Promise<SentTo> {
    if (this.failure) throw this.failure;
    try {
      return await this.transaction(lanes, beforeCommit);
    } catch (error) {
      this.failure = asError(error);
      throw error;
    }
  }

  async close(): Promise<void> {
    await this.producer.disconnect().catch(() => undefined);
  }

  private async transaction(lanes: Lanes, beforeCommit: () => Promise<void>): Promise<SentTo> {
    const transaction = this.opened ?? (await this.producer.transaction());
    this.opened = undefined;
    let sentTo: SentTo;
    try {
      sentTo = await this.sendLanes(transaction, lanes);
      await beforeCommit();
    } catch (error) {
      await transaction.abort().catch(() => undefined);
      throw error;
    }
    await transaction.commit();
    return sentTo;
  }

  /** All lanes end before an error goes on: nothing is sent into a transaction that is being aborted. */
  private async sendLanes(transaction: Transaction, lanes: Lanes): Promise<SentTo> {
    const sending = [...lanes].map(
      async ([partition, batches]) => [partition, await this.sendLane(transaction, partition, batches)] as const,
    );
    const sent = await Promise.allSettled(sending);
    const failed = sent.find((lane) => lane.status === 'rejected');
    if (failed) throw failed.reason;
    return new Map(sent.flatMap((lane) => (lane.status === 'fulfilled' ? [lane.value] : [])));
  }

  /** One after another: two requests at once to a partition could be stored in another order. */
  private async sendLane(
    transaction: Transaction,
    partition: number,
    batches: readonly RecordBatch[],
  ): Promise<bigint> {
    const { topic, sequences } = this;
    let sentTo = 0n;
    for (const batch of batches) {
      const firstSequence = sequences.get(partition) ?? 0;
      const message: BatchMessage = { batch, firstSequence, partition, value: null };
      const answer = await transaction.send({ topic, acks: -1, compression: COMPRESSION, messages: [message] });
      sentTo = requireTaken(answer, topic, partition) + BigInt(batch.count);
      sequences.set(partition, (firstSequence + batch.count) % SEQUENCES);
    }
    return sentTo;
  }
}

/** The offset of the first. kafkajs can lose a partition that moves to another broker, without a word. */
export function requireTaken(answer: readonly RecordMetadata[], topic: string, partition: number): bigint {
  const [only] = answer;
  if (answer.length === 1 && only?.partition === partition && only.errorCode === 0) return BigInt(only.baseOffset ?? 0);
  throw new UnexpectedAnswer(`${topic}: partition ${partition} was sent, and the answer is ${JSON.stringify(answer)}`);
}

function partitionerOf({ message }: { readonly message: Message }): number {
  return message.partition ?? partitionOf(Buffer.from(message.key ?? ''));
}
