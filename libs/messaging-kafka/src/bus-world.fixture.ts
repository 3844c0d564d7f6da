import type { OutgoingEvent } from '@muster/contracts';
import { createTestDatabase, type TestDatabase } from '@muster/embedded/testing';
import type { EventMetadata, EventStore } from '@muster/event-store';
import { MemoryEventStore } from '@muster/event-store-memory';
import { PostgresEventStore } from '@muster/event-store-postgres';
import { SYSTEM } from '@muster/kernel';
import { CONSUMER_DDL, PostgresConsumerStorage, type IntegrationConsumer } from '@muster/messaging';
import { createPool, type Lease, type Leases } from '@muster/postgres';
import { randomUUID } from 'node:crypto';
import type { Pool } from 'pg';
import { EFFECT_DDL } from './effects.fixture';
import { createKafka, KafkaBus, type KafkaBusOptions } from './index';
import { Member } from './member.fixture';
import type { MemberOptions } from './member-process.fixture';
import { declareTopics, startKafka, TEST_TOPICS, type TestKafka } from './testing';
import { textOf, TOLD, TRANSLATIONS } from './translations.fixture';
import { PATIENCE_MS } from './until.fixture';

/** How long a process that is silent stays in its groups. */
export const SESSION_MS = 2_000;

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
  private members: Member[] = [];

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
    await pool.query(EFFECT_DDL);
    return new BusWorld(kafka, pool, database);
  }

  async fresh(): Promise<void> {
    await this.pool.query('TRUNCATE consumer_checkpoint, parked_event, consumer_inbox, effect');
    this.store = new MemoryEventStore();
    this.leases = new TestLeases();
    this.run = randomUUID().slice(0, 8);
    this.consumer = `insights.${this.run}`;
    this.buses = [];
    this.members = [];
  }

  /** The log in Postgres, where other processes find it too. */
  async shareLog(): Promise<void> {
    await this.store.close();
    this.store = await PostgresEventStore.open({ pool: this.pool, schema: this.log });
  }

  /**
   * A process of its own on the shared log. Postgres waits a second for what one that is stopped has begun: its locks
   * would hold up whoever takes over.
   */
  member(options: Partial<MemberOptions>): Member {
    const connection = new URL(this.database.connectionString);
    connection.searchParams.set('options', '-c idle_in_transaction_session_timeout=1s');
    const member = new Member({
      name: `member-${String(this.members.length)}`,
      brokers: this.kafka.brokers,
      connectionString: connection.href,
      log: this.log,
      transactionalIdPrefix: this.run,
      transactionMessages: 20_000,
      sessionTimeoutMs: SESSION_MS,
      relays: false,
      run: this.run,
      ...options,
    });
    this.members.push(member);
    return member;
  }

  async done(): Promise<void> {
    await Promise.all([...this.members.map((member) => member.kill()), ...this.buses.map((bus) => bus.stop())]);
    await this.store.close();
  }

  async close(): Promise<void> {
    await this.kafka.remove();
    await this.pool.end();
    await this.database.drop();
  }

  private get log(): string {
    return `log_${this.run}`;
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
    if (relays) for (const translation of TRANSLATIONS) bus.addTranslation(translation);
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
