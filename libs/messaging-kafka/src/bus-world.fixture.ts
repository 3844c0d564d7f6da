import { outgoingEvent, type OutgoingEvent } from '@muster/contracts';
import { createTestDatabase, type TestDatabase } from '@muster/embedded/testing';
import type { EventMetadata, EventStore } from '@muster/event-store';
import { MemoryEventStore } from '@muster/event-store-memory';
import { SYSTEM } from '@muster/kernel';
import { CONSUMER_DDL, PostgresConsumerStorage, type IntegrationConsumer, type Translation } from '@muster/messaging';
import { createPool, type Lease, type Leases } from '@muster/postgres';
import { ProfileSet } from '@muster/profile-set';
import { randomUUID } from 'node:crypto';
import { setTimeout as sleep } from 'node:timers/promises';
import type { Pool } from 'pg';
import { createKafka, KafkaBus, type KafkaBusOptions } from './index';
import { declareTopics, startKafka, TEST_TOPICS, type TestKafka } from './testing';

export const TOLD = 'muster.campaigns.Told.v1';
/** A busy machine is no reason to fail. */
export const PATIENCE_MS = 90_000;

/** `Told` on a campaign becomes that in the life-cycle feed; on an audience it becomes a set of profiles. */
const campaigns: Translation = {
  context: 'campaigns',
  categories: ['campaign'],
  translate: (stored) => {
    if (stored.type === 'Broken') return Promise.reject(new Error('cannot be read'));
    const subject = stored.stream.slice('campaign-'.length);
    const { v } = stored.metadata;
    const way = { context: 'campaigns', feed: 'lifecycle', name: stored.type, version: v, n: 0, subject } as const;
    return Promise.resolve([outgoingEvent(stored, { ...way, data: stored.data })]);
  },
};
const audiences: Translation = {
  context: 'audiences',
  categories: ['audience'],
  translate: (stored) => {
    const subject = stored.stream.slice('audience-'.length);
    const { name, numbers } = stored.data as { name: string; numbers: number[] };
    const profiles = ProfileSet.of(numbers).encodeBase64();
    const data = { campaignId: subject, databaseId: subject, cause: 'segment', profiles, count: numbers.length };
    const way = { context: 'audiences', feed: 'sets', name, version: 1, n: 0, subject } as const;
    return Promise.resolve([outgoingEvent(stored, { ...way, data })]);
  },
};

/** Keys for one owner at a time; a test can take one away, as a lost connection does. */
export class TestLeases implements Leases {
  private readonly held = new Map<string, AbortController>();

  tryAcquire(key: string): Promise<Lease | null> {
    if (this.held.has(key)) return Promise.resolve(null);
    const lost = new AbortController();
    this.held.set(key, lost);
    const release = (): Promise<void> => {
      if (this.held.get(key) === lost) this.held.delete(key);
      return Promise.resolve();
    };
    return Promise.resolve({ lost: lost.signal, release });
  }

  /** The owner of all keys is not told: as for one that hangs. */
  forget(): void {
    this.held.clear();
  }
}

/** A broker, a database, and for each test a store and names of its own. */
export class BusWorld {
  store: EventStore = new MemoryEventStore();
  leases = new TestLeases();
  /** In front of keys: topics outlive a test, and its consumers pass over what is not theirs. */
  run = '';
  consumer = '';
  private buses: KafkaBus[] = [];

  private constructor(
    readonly kafka: TestKafka,
    readonly pool: Pool,
    private readonly database: TestDatabase,
  ) {}

  static async open(): Promise<BusWorld> {
    const [kafka, database] = await Promise.all([startKafka(), createTestDatabase()]);
    await declareTopics(kafka);
    const pool = createPool({ connectionString: database.connectionString });
    await pool.query(CONSUMER_DDL);
    await pool.query('CREATE TABLE effect (n serial, run text, key text, text text)');
    return new BusWorld(kafka, pool, database);
  }

  async fresh(): Promise<void> {
    await this.pool.query('TRUNCATE consumer_checkpoint, parked_event, consumer_inbox, effect');
    this.store = new MemoryEventStore();
    this.leases = new TestLeases();
    this.run = randomUUID().slice(0, 8);
    this.consumer = `insights.${this.run}`;
    this.buses = [];
  }

  async done(): Promise<void> {
    await Promise.all(this.buses.map((bus) => bus.stop()));
    await this.store.close();
  }

  async close(): Promise<void> {
    await this.kafka.remove();
    await this.pool.end();
    await this.database.drop();
  }

  client() {
    return createKafka({ brokers: this.kafka.brokers });
  }

  tell(key: string, text: string, { type = 'Told', v = 1 } = {}) {
    return this.append(`campaign-${this.run}${key}`, type, { text }, v);
  }

  append(stream: string, type: string, data: object, v = 1, more: Partial<EventMetadata> = {}) {
    const metadata = { v, time: '2026-01-01T00:00:00.000Z', actor: SYSTEM, correlationId: 'c', ...more };
    return this.store.append(stream, 'any', [{ id: randomUUID(), type, data, metadata }]);
  }

  /** A bus of which the relays of `campaigns` and `audiences` run. */
  async relays(options: Partial<KafkaBusOptions> = {}): Promise<KafkaBus> {
    return this.start([], options);
  }

  /** A bus with relays and one consumer of the life-cycle feed, which is handed what this test tells. */
  async bus(handle: IntegrationConsumer['handle'], options: Partial<KafkaBusOptions> = {}, relays = true) {
    const subscriptions = [{ context: 'campaigns', feed: 'lifecycle' }] as const;
    return this.start([{ name: this.consumer, subscriptions, handles: [TOLD], handle }], options, relays);
  }

  async start(consumers: readonly IntegrationConsumer[], options: Partial<KafkaBusOptions> = {}, relays = true) {
    const bus = new KafkaBus({
      connection: { brokers: this.kafka.brokers },
      topics: TEST_TOPICS,
      store: this.store,
      storageOf: () => new PostgresConsumerStorage(this.pool),
      leasesOf: () => this.leases,
      transactionalIdPrefix: this.run,
      retryMs: 1,
      times: { sessionTimeoutMs: 6_000, heartbeatMs: 300, rebalanceTimeoutMs: 10_000, pollMs: 50 },
      ...options,
    });
    if (relays) for (const translation of [campaigns, audiences]) bus.addTranslation(translation);
    for (const consumer of consumers) {
      const mine = (delivery: OutgoingEvent) =>
        delivery.event.subject.startsWith(this.run) ? consumer.handle(delivery) : Promise.resolve();
      bus.addConsumer({ ...consumer, handle: mine });
    }
    this.buses.push(bus);
    await bus.start();
    return bus;
  }

  async settled(bus: KafkaBus): Promise<void> {
    if (await bus.waitFor(await this.store.head(), PATIENCE_MS)) return;
    throw new Error(`not settled: ${JSON.stringify(await bus.status())}`);
  }

  keyOf({ key }: OutgoingEvent): string {
    return key.slice(this.run.length);
  }

  async parked(): Promise<{ text: string; attempts: number; key: string }[]> {
    const found = await new PostgresConsumerStorage(this.pool).parked(this.consumer);
    return found.map(({ delivery, attempts }) => ({ key: this.keyOf(delivery), text: textOf(delivery), attempts }));
  }
}

export const textOf = (delivery: OutgoingEvent): string => (delivery.event.data as { text: string }).text;

export async function until(holds: () => Promise<boolean> | boolean): Promise<void> {
  const deadline = performance.now() + PATIENCE_MS;
  while (!(await holds())) {
    if (performance.now() > deadline) throw new Error('it did not come to that in time');
    await sleep(10);
  }
}
