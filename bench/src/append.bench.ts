import { randomUUID } from 'node:crypto';
import { getPostgreSQLEventStore } from '@event-driven-io/emmett-postgresql';
import type { EventMetadata } from '@muster/event-store';
import { PostgresEventStore } from '@muster/event-store-postgres';
import { createPool } from '@muster/postgres';
import type { Figure } from './figure';
import { interleaved, type Sides } from './rounds';

const ROUND_MS = 400;
const CHUNK = 500;

/** One append of `count` events to `stream`. */
type Append = (stream: string, count: number) => Promise<unknown>;

interface Peer {
  readonly append: Append;
  close(): Promise<void>;
}

/** Some 200 bytes, as events of campaigns and activities have. */
const data = {
  campaignId: randomUUID(),
  name: 'Spring offers',
  from: '2026-03-01T00:00:00.000Z',
  lcg: { kind: 'percent', value: 10 },
};
const metadata: EventMetadata = {
  v: 1,
  time: '2026-03-01T00:00:00.000Z',
  actor: { kind: 'system', id: 'system', name: 'System' },
  correlationId: randomUUID(),
};

/**
 * Appends per second of one, 16, 64 and 256 callers and of 500-event appends, against emmett-postgresql on the same
 * server. The two take turns, so that a noisy machine is noisy for both; the figures are medians of the rounds.
 */
export async function benchAppend(connectionString: string, rounds: number): Promise<Figure[]> {
  return inOwnDatabase(connectionString, async (database) => {
    const [ours, emmett] = [await openOurs(database), await openEmmett(database)];
    try {
      const figures: Figure[] = [];
      for (const callers of [1, 16, 64, 256]) {
        const rates = await compared(ours, emmett, rounds, (append) => rateOf(append, callers, 1));
        figures.push({ name: `append, ${String(callers)} callers`, unit: 'appends/s', ...rates, ...goal(callers) });
      }
      const rates = await compared(ours, emmett, rounds, (append) => rateOf(append, 1, CHUNK));
      figures.push({
        name: 'append of 500 events',
        unit: 'events/s',
        ...rates,
        must: 1.5,
        aim: 2,
        higherIsBetter: true,
      });
      return figures;
    } finally {
      await Promise.all([ours.close(), emmett.close()]);
    }
  });
}

function goal(callers: number): Pick<Figure, 'must' | 'aim' | 'higherIsBetter'> {
  const held = callers === 1 || callers === 64;
  return held ? { must: 1, aim: 1.5, higherIsBetter: true } : { higherIsBetter: true };
}

async function openOurs(connectionString: string): Promise<Peer> {
  const pool = createPool({ connectionString });
  const store = await PostgresEventStore.open({ pool });
  return {
    append: (stream, count) =>
      store.append(
        stream,
        'any',
        Array.from({ length: count }, () => ({ id: randomUUID(), type: 'CampaignCreated', data, metadata })),
      ),
    close: async () => {
      await store.close();
      await pool.end();
    },
  };
}

async function openEmmett(connectionString: string): Promise<Peer> {
  // a pool of its own would be left behind, and end the process with the server
  const pool = createPool({ connectionString });
  const store = getPostgreSQLEventStore(connectionString, { connectionOptions: { pool } });
  await store.schema.migrate();
  return {
    append: (stream, count) =>
      store.appendToStream(
        stream,
        Array.from({ length: count }, () => ({ type: 'CampaignCreated', data, metadata })),
      ),
    close: async () => {
      await store.close();
      await pool.end();
    },
  };
}

async function compared(
  ours: Peer,
  peer: Peer,
  rounds: number,
  measure: (append: Append) => Promise<number>,
): Promise<Sides> {
  await measure(ours.append);
  await measure(peer.append);
  return interleaved(
    rounds,
    () => measure(ours.append),
    () => measure(peer.append),
  );
}

/** Events per second that `callers` append, each one append after the other to streams of its own. */
async function rateOf(append: Append, callers: number, eventsEach: number): Promise<number> {
  const started = performance.now();
  const streams = Array.from({ length: callers }, () => `campaign-${randomUUID()}`);
  let events = 0;
  await Promise.all(
    streams.map(async (stream) => {
      while (performance.now() - started < ROUND_MS) {
        await append(stream, eventsEach);
        events += eventsEach;
      }
    }),
  );
  return events / ((performance.now() - started) / 1_000);
}

async function inOwnDatabase<T>(connectionString: string, work: (database: string) => Promise<T>): Promise<T> {
  const name = `muster_bench_append_${String(process.pid)}`;
  const admin = createPool({ connectionString, max: 1 });
  try {
    await admin.query(`CREATE DATABASE ${name}`);
    const url = new URL(connectionString);
    url.pathname = `/${name}`;
    return await work(url.href);
  } finally {
    await admin.query(`DROP DATABASE IF EXISTS ${name} WITH (FORCE)`);
    await admin.end();
  }
}
