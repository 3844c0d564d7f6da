import type { Kafka, Message, Producer, RecordMetadata, Transaction } from 'kafkajs';
import { COMPRESSION } from './client/compression';
import { partitionOf } from './partition-of';

export interface Keyed {
  readonly key: Buffer;
  readonly value: Buffer;
}

/** What goes out together, by partition. */
export type Lanes = ReadonlyMap<number, readonly Keyed[]>;

/** The offset after the last that was sent, by partition. */
export type SentTo = ReadonlyMap<number, bigint>;

/** kafkajs builds batches in quadratic time: 31 microseconds a record at 5,000, 170 at 20,000. */
const MOST_RECORDS = 1_000;
/** A batch that is compressed badly still fits. */
const MOST_BYTES = 900 * 1024;
/** Longer than any transaction here takes, short enough that readers do not wait long for one that was left open. */
const TRANSACTION_MS = 30_000;

/** Kafka took something else than it was given: nothing is known of what it holds. */
export class UnexpectedAnswer extends Error {
  override readonly name = 'UnexpectedAnswer';
}

/**
 * The one producer of a relay. Opening it makes the broker refuse every earlier producer of the same id, and abort what
 * that had open. After any failure it is of no use any more: kafkajs does not know what became of its last request.
 */
export class TransactionalProducer {
  private constructor(
    private readonly producer: Producer,
    private opened: Transaction | undefined,
  ) {}

  /** Rejects where the broker gives no producer id: without one kafkajs would go on without any guarantee. */
  static async open(kafka: Kafka, transactionalId: string): Promise<TransactionalProducer> {
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
      return new TransactionalProducer(producer, await producer.transaction());
    } catch (error) {
      await producer.disconnect().catch(() => undefined);
      throw error;
    }
  }

  /** All of it becomes visible at once, each partition in order; or it rejects, and none or (unknown) all of it does. */
  async send(topic: string, lanes: Lanes, beforeCommit: () => Promise<void>): Promise<SentTo> {
    const transaction = this.opened ?? (await this.producer.transaction());
    this.opened = undefined;
    let sentTo: SentTo;
    try {
      sentTo = await sendLanes(transaction, topic, lanes);
      await beforeCommit();
    } catch (error) {
      await transaction.abort().catch(() => undefined);
      throw error;
    }
    await transaction.commit();
    return sentTo;
  }

  async close(): Promise<void> {
    await this.producer.disconnect().catch(() => undefined);
  }
}

/** All lanes end before an error goes on: nothing is sent into a transaction that is being aborted. */
async function sendLanes(transaction: Transaction, topic: string, lanes: Lanes): Promise<SentTo> {
  const sent = await Promise.allSettled(
    [...lanes].map(
      async ([partition, messages]) => [partition, await sendLane(transaction, topic, partition, messages)] as const,
    ),
  );
  const failed = sent.find((lane) => lane.status === 'rejected');
  if (failed) throw failed.reason;
  return new Map(sent.flatMap((lane) => (lane.status === 'fulfilled' ? [lane.value] : [])));
}

/** One after another: two requests at once to a partition can take each other's sequence numbers. */
async function sendLane(
  transaction: Transaction,
  topic: string,
  partition: number,
  messages: readonly Keyed[],
): Promise<bigint> {
  let sentTo = 0n;
  for (const batch of inBatches(messages)) {
    const answer = await transaction.send({
      topic,
      acks: -1,
      compression: COMPRESSION,
      messages: batch.map(({ key, value }): Message => ({ key, value, partition })),
    });
    sentTo = requireTaken(answer, topic, partition) + BigInt(batch.length);
  }
  return sentTo;
}

/** The offset of the first. kafkajs can lose a partition that moves to another broker, without a word. */
export function requireTaken(answer: readonly RecordMetadata[], topic: string, partition: number): bigint {
  const [only] = answer;
  if (answer.length === 1 && only?.partition === partition && only.errorCode === 0) return BigInt(only.baseOffset ?? 0);
  throw new UnexpectedAnswer(`${topic}: partition ${partition} was sent, and the answer is ${JSON.stringify(answer)}`);
}

function* inBatches(messages: readonly Keyed[]): Generator<readonly Keyed[]> {
  let from = 0;
  let bytes = 0;
  for (let i = 0; i < messages.length; i++) {
    const size = messages[i]!.key.length + messages[i]!.value.length;
    if (i > from && (i - from === MOST_RECORDS || bytes + size > MOST_BYTES)) {
      yield messages.slice(from, i);
      from = i;
      bytes = 0;
    }
    bytes += size;
  }
  if (from < messages.length) yield messages.slice(from);
}

function partitionerOf({ message }: { readonly message: Message }): number {
  return message.partition ?? partitionOf(Buffer.from(message.key ?? ''));
}
