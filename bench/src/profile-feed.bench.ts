import { randomUUID } from 'node:crypto';
import type { OutgoingEvent } from '@muster/contracts';
import { PostgresEventStore } from '@muster/event-store-postgres';
import { topicOf } from '@muster/messaging-kafka';
import { ProfileSet } from '@muster/profile-set';
import { segmentMembersEvents, segmentsTranslation } from '@muster/segments-events';
import type { Figure } from './figure';
import { producerTool } from './kafka-tools';
import { rate, settled, type KafkaWorld } from './kafka-world';

const CHUNK = 10_000;
const SCHEMA = 'profile_feed_log';

/**
 * Memberships per second from the log to a consumer: set events in Postgres, translated as `segments` translates them,
 * with external ids read from a table of that many profiles, published one by one, and counted by a consumer that
 * checks each. Against `kafka-producer-perf-test`, which only sends as many of the same records.
 */
export async function benchProfileFeed(world: KafkaWorld, profiles: number): Promise<Figure> {
  const { pool, kafka } = world;
  const store = await PostgresEventStore.open({ pool, schema: SCHEMA });
  try {
    await pool.query(
      `CREATE TABLE profile AS SELECT no::integer, 'customer-' || no AS external_id FROM generate_series(1, ${String(profiles)}) AS no;
       ALTER TABLE profile ADD PRIMARY KEY (no)`,
    );
    await append(store, profiles);
    const counted = new Counted(profiles);
    const bus = await world.bus(store, {
      externalIds: { externalIdsOf: (_, numbers) => externalIdsOf(world, numbers) },
      batchEvents: 1_000,
    });
    bus.addTranslation(segmentsTranslation);
    bus.addConsumer({
      name: `insights.${randomUUID()}`,
      subscriptions: [{ context: 'segments', feed: 'profiles' }],
      handles: ['muster.segments.ProfileEnteredSegment.v1'],
      handle: counted.handle,
    });
    const value = await rate(profiles, bus, async () => (await settled(bus, store)) && counted.isComplete());
    const floor = await producerTool(kafka.brokers, topicOf('audiences', 'profiles'), counted.records, profiles);
    const name = 'profile feed from the log to a consumer';
    return { name, unit: 'profiles/s', value, floor, ratio: value / floor, higherIsBetter: true };
  } finally {
    await store.close();
  }
}

async function append(store: PostgresEventStore, profiles: number): Promise<void> {
  const [segmentId, databaseId, changeId] = [randomUUID(), randomUUID(), randomUUID()];
  const metadata = {
    v: 1,
    time: '2026-03-01T00:00:00.000Z',
    actor: { kind: 'system', id: 'system', name: 'System' },
    correlationId: randomUUID(),
  } as const;
  for (let from = 0; from < profiles; from += CHUNK) {
    const numbers = Array.from({ length: Math.min(CHUNK, profiles - from) }, (_, i) => from + i + 1);
    const set = { profiles: ProfileSet.of(numbers).encodeBase64(), count: numbers.length };
    const data = { segmentId, databaseId, changeId, cause: 'conditions', block: from / CHUNK, ...set };
    const event = { id: randomUUID(), type: 'ProfilesEnteredSegment', data, metadata };
    await store.append(`${segmentMembersEvents.category}-${segmentId}`, 'any', [event]);
  }
}

async function externalIdsOf({ pool }: KafkaWorld, numbers: readonly number[]): Promise<ReadonlyMap<number, string>> {
  const { rows } = await pool.query<{ no: number; external_id: string }>(
    'SELECT no, external_id FROM profile WHERE no = ANY ($1::integer[])',
    [numbers],
  );
  return new Map(rows.map((row) => [row.no, row.external_id]));
}

/** The effect of the consumer: each profile once, with its own external id. */
class Counted {
  readonly records: string[] = [];
  private readonly seen: Uint8Array;
  private count = 0;

  constructor(private readonly profiles: number) {
    this.seen = new Uint8Array(profiles + 1);
  }

  readonly handle = ({ event }: OutgoingEvent): Promise<void> => {
    const { profile, externalId } = event.data as { profile: number; externalId: string };
    if (externalId !== `customer-${String(profile)}`) return Promise.reject(new Error(`${externalId} is not its id`));
    if (this.seen[profile] === 0) this.count++;
    this.seen[profile] = 1;
    if (this.records.length < 20_000) this.records.push(JSON.stringify(event));
    return Promise.resolve();
  };

  isComplete(): boolean {
    if (this.count === this.profiles) return true;
    throw new Error(`${String(this.count)} of ${String(this.profiles)} profiles were told`);
  }
}
