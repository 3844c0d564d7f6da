import type { Kafka, KafkaMessage, Producer } from 'kafkajs';
import { COMPRESSION } from './client/compression';
import { ORIGIN, withoutOurs } from './dead-letter-headers';
import { DEAD_LETTERS } from './topics';
import { requireTaken } from './transactional-producer';

/** What a consumer could not read, and where it lay. */
export interface DeadLetter {
  readonly consumer: string;
  readonly topic: string;
  readonly partition: number;
  readonly message: KafkaMessage;
  readonly reason: string;
}

/** Puts messages aside that nobody can read, as they came, with where they came from in headers. */
export class DeadLetters {
  private producer: Producer | undefined;
  private last: Promise<void> = Promise.resolve();

  constructor(private readonly kafka: Kafka) {}

  /** Resolves when Kafka holds it. They are rare: one at a time keeps their sequence numbers apart. */
  send(letter: DeadLetter): Promise<void> {
    const sent = this.last.then(() => this.sendOne(letter));
    this.last = sent.catch(() => undefined);
    return sent;
  }

  async close(): Promise<void> {
    await this.last;
    await this.discard();
  }

  private async sendOne({ consumer, topic, partition, message, reason }: DeadLetter): Promise<void> {
    try {
      const producer = (this.producer ??= await this.open());
      const headers = {
        ...withoutOurs(message.headers),
        [ORIGIN.consumer]: consumer,
        [ORIGIN.reason]: reason,
        [ORIGIN.topic]: topic,
        [ORIGIN.partition]: String(partition),
        [ORIGIN.offset]: message.offset,
        [ORIGIN.timestamp]: message.timestamp,
      };
      const { key, value } = message;
      const answer = await producer.send({
        topic: DEAD_LETTERS,
        acks: -1,
        compression: COMPRESSION,
        messages: [{ key, value, partition, headers }],
      });
      requireTaken(answer, DEAD_LETTERS, partition);
    } catch (error) {
      await this.discard();
      throw error;
    }
  }

  /** A producer that got no id from the broker would go on without any guarantee: it is not kept. */
  private async open(): Promise<Producer> {
    const producer = this.kafka.producer({ idempotent: true, allowAutoTopicCreation: false });
    try {
      await producer.connect();
      return producer;
    } catch (error) {
      await producer.disconnect().catch(() => undefined);
      throw error;
    }
  }

  private async discard(): Promise<void> {
    const { producer } = this;
    this.producer = undefined;
    await producer?.disconnect().catch(() => undefined);
  }
}
