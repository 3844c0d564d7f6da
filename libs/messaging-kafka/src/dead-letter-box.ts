import type { IHeaders, Kafka, KafkaMessage, Producer, Transaction } from 'kafkajs';
import { COMPRESSION } from './client/compression';
import { headerOf, ONLY_FOR, ORIGIN, OUTCOME, OUTCOME_OF, withoutOurs } from './dead-letter-headers';
import { readTopic } from './read-topic';
import { DEAD_LETTERS, feedOf } from './topics';
import { requireTaken } from './transactional-producer';

/** What became of a dead letter. */
export type LetterOutcome = 'retried' | 'dropped';

/** A message that a consumer could not read. */
export interface FoundLetter {
  /** `<partition>/<offset>` in the dead-letter topic. */
  readonly id: string;
  readonly consumer: string;
  readonly reason: string;
  readonly topic: string;
  readonly partition: number;
  readonly offset: string;
  /** When it was put aside. */
  readonly time: Date;
  readonly key: string;
  readonly message: KafkaMessage;
  /** Absent while it waits for an operator. */
  readonly outcome?: LetterOutcome;
}

/** No relay has it: two tools at once fence each other off, and neither writes half of what it does. */
const TRANSACTIONAL_ID = 'muster.ops-dead-letters';

/**
 * The dead letters as operators see them. What is done with one is a record of its own in the same topic, so everything
 * stands in Kafka, nothing is rewritten, and it goes when retention takes the letter itself.
 */
export class DeadLetterBox {
  constructor(private readonly kafka: Kafka) {}

  /** All that retention has left, oldest first. */
  async letters(): Promise<readonly FoundLetter[]> {
    const letters = new Map<string, FoundLetter>();
    const outcomes = new Map<string, LetterOutcome>();
    await readTopic(this.kafka, DEAD_LETTERS, (partition, message) => {
      const outcome = headerOf(message.headers, OUTCOME);
      const of = headerOf(message.headers, OUTCOME_OF);
      if (outcome !== undefined && of !== undefined) outcomes.set(of, outcome === 'retried' ? 'retried' : 'dropped');
      else letters.set(`${String(partition)}/${message.offset}`, letterOf(partition, message));
    });
    return [...letters.values()]
      .map((letter) => withOutcome(letter, outcomes.get(letter.id)))
      .sort((a, b) => a.time.getTime() - b.time.getTime());
  }

  /**
   * Publishes the message again where it came from, byte by byte, for the consumer alone that could not read it, and notes
   * that: both or neither.
   */
  async retry(letter: FoundLetter): Promise<void> {
    if (!feedOf(letter.topic)) throw new Error(`letter ${letter.id} names no topic of ours: ${letter.topic}`);
    const { key, value } = letter.message;
    const headers = { ...withoutOurs(letter.message.headers), [ONLY_FOR]: letter.consumer };
    await this.inTransaction(async (send) => {
      await send(letter.topic, letter.partition, { key, value, headers });
      await send(DEAD_LETTERS, partitionIn(letter), outcomeOf(letter, 'retried'));
    });
  }

  /** Notes that nobody wants it any more. */
  async drop(letter: FoundLetter): Promise<void> {
    await this.inTransaction((send) => send(DEAD_LETTERS, partitionIn(letter), outcomeOf(letter, 'dropped')));
  }

  private async inTransaction(work: (send: Send) => Promise<void>): Promise<void> {
    const producer = this.kafka.producer({
      transactionalId: TRANSACTIONAL_ID,
      idempotent: true,
      allowAutoTopicCreation: false,
    });
    try {
      await producer.connect();
      await transact(producer, work);
    } finally {
      await producer.disconnect().catch(() => undefined);
    }
  }
}

interface Again {
  readonly key: Buffer | null;
  readonly value: Buffer | null;
  readonly headers: IHeaders;
}
type Send = (topic: string, partition: number, message: Again) => Promise<void>;

async function transact(producer: Producer, work: (send: Send) => Promise<void>): Promise<void> {
  const transaction: Transaction = await producer.transaction();
  try {
    await work(async (topic, partition, message) => {
      const answer = await transaction.send({
        topic,
        acks: -1,
        compression: COMPRESSION,
        messages: [{ ...message, partition }],
      });
      requireTaken(answer, topic, partition);
    });
  } catch (error) {
    await transaction.abort().catch(() => undefined);
    throw error;
  }
  await transaction.commit();
}

function letterOf(partition: number, message: KafkaMessage): FoundLetter {
  const text = (name: string): string => headerOf(message.headers, name) ?? '';
  return {
    id: `${String(partition)}/${message.offset}`,
    consumer: text(ORIGIN.consumer),
    reason: text(ORIGIN.reason),
    topic: text(ORIGIN.topic),
    partition: Number(text(ORIGIN.partition)),
    offset: text(ORIGIN.offset),
    time: new Date(Number(message.timestamp)),
    key: message.key?.toString() ?? '',
    message,
  };
}

function withOutcome(letter: FoundLetter, outcome: LetterOutcome | undefined): FoundLetter {
  return outcome === undefined ? letter : { ...letter, outcome };
}

function outcomeOf(letter: FoundLetter, outcome: LetterOutcome): Again {
  const headers = { [OUTCOME]: outcome, [OUTCOME_OF]: letter.id, [ORIGIN.consumer]: letter.consumer };
  return { key: letter.message.key, value: null, headers };
}

function partitionIn(letter: FoundLetter): number {
  return Number(letter.id.split('/', 1)[0]);
}
