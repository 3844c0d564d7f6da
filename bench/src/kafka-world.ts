import { randomUUID } from 'node:crypto';
import type { EventStore } from '@muster/event-store';
import { CONSUMER_DDL, PostgresConsumerStorage } from '@muster/messaging';
import { KafkaBus, type KafkaBusOptions } from '@muster/messaging-kafka';
import { declareTopics, startKafka, TEST_TOPICS, type TestKafka } from '@muster/messaging-kafka/testing';
import { createPool, type Leases } from '@muster/postgres';
import type { Pool } from 'pg';

const WITHIN_MS = 600_000;

/** This process is the only one. */
const leases: Leases = {
  tryAcquire: () => Promise.resolve({ lost: new AbortController().signal, release: () => Promise.resolve() }),
};

/** A broker of its own, and a database of its own for what relays and consumers keep. */
export class KafkaWorld {
  private constructor(
    readonly kafka: TestKafka,
    readonly pool: Pool,
  ) {}

  static async open(admin: Pool, databaseUrl: string): Promise<KafkaWorld> {
    await admin.query('CREATE DATABASE bench_kafka');
    const url = new URL(databaseUrl);
    url.pathname = '/bench_kafka';
    const pool = createPool({ connectionString: url.href });
    await pool.query(CONSUMER_DDL);
    // The compiler of the JVM is wanted here, which tests do without.
    process.env['KAFKA_OPTS'] ??= ' ';
    const kafka = await startKafka();
    await declareTopics(kafka);
    return new KafkaWorld(kafka, pool);
  }

  async close(): Promise<void> {
    await this.kafka.remove();
    await this.pool.end();
  }

  /** A bus that has published nothing yet. */
  async bus(store: EventStore, options: Partial<KafkaBusOptions>): Promise<KafkaBus> {
    await this.pool.query('TRUNCATE consumer_checkpoint');
    return new KafkaBus({
      connection: { brokers: this.kafka.brokers },
      topics: TEST_TOPICS,
      store,
      storageOf: () => new PostgresConsumerStorage(this.pool),
      leasesOf: () => leases,
      transactionalIdPrefix: randomUUID(),
      onStopped: (name, error) => process.stderr.write(`${name} stopped: ${error.message}\n`),
      ...options,
    });
  }
}

/** From the start of the bus until `done`, per second. */
export async function rate(count: number, bus: KafkaBus, done: () => Promise<boolean>): Promise<number> {
  const started = performance.now();
  await bus.start();
  const inTime = await done();
  const seconds = (performance.now() - started) / 1_000;
  await bus.stop();
  if (!inTime) throw new Error(`Kafka took longer than ${String(WITHIN_MS)} ms`);
  return count / seconds;
}

/** Until the relays of this bus have published all that the store holds, and its consumers have handled all there is. */
export async function settled(bus: KafkaBus, store: EventStore): Promise<boolean> {
  return bus.waitFor(await store.head(), WITHIN_MS);
}
