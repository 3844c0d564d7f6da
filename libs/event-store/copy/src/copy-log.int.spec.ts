import type { Pool } from 'pg';
import { createTestDatabase, type TestDatabase } from '@muster/embedded/testing';
import { START, type EventStore, type Position } from '@muster/event-store';
import { EventStoreDbEventStore } from '@muster/event-store-eventstoredb';
import { EventStoreDbDouble } from '@muster/event-store-eventstoredb/testing';
import { PostgresEventStore } from '@muster/event-store-postgres';
import { aNewEvent, collect, newEvents, someMetadata } from '@muster/event-store-testing';
import { createPool } from '@muster/postgres';
import { copyLog, placeInCopy, type CopyCheckpoint } from './index';

jest.setTimeout(60_000);

let database: TestDatabase;
let pool: Pool;
let double: EventStoreDbDouble;
let postgres: EventStore;
let eventStoreDb: EventStore;

beforeAll(async () => {
  database = await createTestDatabase();
  pool = createPool({ connectionString: database.connectionString });
  double = await EventStoreDbDouble.start();
  postgres = await PostgresEventStore.open({ pool });
  eventStoreDb = await EventStoreDbEventStore.open({ connectionString: double.connectionString, timeoutMs: 2_000 });
  await fill(postgres);
});

afterAll(async () => {
  await Promise.all([postgres.close(), eventStoreDb.close()]);
  await pool.end();
  await database.drop();
  await double.stop();
});

async function fill(store: EventStore): Promise<void> {
  const nasty = { nul: 'a\u0000b', lone: '\ud800', text: 'é 漢字 👍', zero: -1e-7 };
  for (let i = 0; i < 120; i++) {
    const metadata = someMetadata({ time: new Date(1_768_000_000_000 + i * 1_000).toISOString() });
    await store.append(`campaign-${String(i % 3)}`, 'any', [
      ...newEvents(i % 4, { metadata }),
      aNewEvent({ type: 'Ünïcode', data: { ...nasty, i }, metadata }),
    ]);
  }
}

const content = async (store: EventStore) =>
  (await collect(store.readAll())).map(({ stream, revision, id, type, data, metadata }) => ({
    stream,
    revision,
    id,
    type,
    data,
    metadata,
  }));

function kept() {
  let checkpoint: CopyCheckpoint | undefined;
  return {
    load: () => Promise.resolve(checkpoint),
    save: (next: CopyCheckpoint) => {
      checkpoint = next;
      return Promise.resolve();
    },
  };
}

/** The store, of which the `n`-th append does something else after, or instead of, what it should. */
function disturbed(store: EventStore, n: number, disturbance: () => Promise<void>, before: boolean): EventStore {
  let count = 0;
  return new Proxy(store, {
    get: (target, name) => {
      if (name !== 'append') return Reflect.get(target, name) as unknown;
      return async (...append: Parameters<EventStore['append']>) => {
        const isThis = ++count === n;
        if (isThis && before) await disturbance();
        const result = await target.append(...append);
        if (isThis && !before) await disturbance();
        return result;
      };
    },
  });
}

it('goes from Postgres to EventStoreDB and back, the server killed and the copy stopped in between', async () => {
  const there = kept();
  const killed = disturbed(eventStoreDb, 40, () => double.kill(), true);
  await expect(copyLog({ from: postgres, to: killed, checkpoints: there })).rejects.toMatchObject({
    name: 'StoreUnavailable',
  });
  await double.restart();
  const stop = () => Promise.reject(new Error('stopped'));
  const stopped = disturbed(eventStoreDb, 60, stop, false);
  await expect(copyLog({ from: postgres, to: stopped, checkpoints: there })).rejects.toThrow('stopped');
  const result = await copyLog({ from: postgres, to: eventStoreDb, checkpoints: there });
  const original = await content(postgres);
  expect(result.events).toBe(original.length);
  expect(await content(eventStoreDb)).toEqual(original);

  const back = kept();
  const again = await PostgresEventStore.open({ pool, schema: 'copied_back' });
  const interrupted = disturbed(again, 30, stop, false);
  await expect(copyLog({ from: eventStoreDb, to: interrupted, checkpoints: back })).rejects.toThrow('stopped');
  expect(await copyLog({ from: eventStoreDb, to: again, checkpoints: back })).toEqual(result);
  expect(await content(again)).toEqual(original);
  await again.close();
});

it('a follower of one log goes on at the same event in its copy', async () => {
  const [old, copied] = [await collect(postgres.readAll()), await collect(eventStoreDb.readAll())];
  for (const n of [0, 1, 77, old.length - 1]) {
    expect(await placeInCopy(postgres, eventStoreDb, old[n]!.position)).toBe(copied[n]!.position);
    expect(await placeInCopy(eventStoreDb, postgres, copied[n]!.position)).toBe(old[n]!.position);
  }
  expect(await placeInCopy(postgres, eventStoreDb, START)).toBe(START);
  // Subscriptions also tell how far they have scanned, which need not be where an event of ours is.
  const offset = String(BigInt(copied[1]!.position.slice(0, 20)) + 1n).padStart(20, '0');
  const between = `${offset}.${offset}` as Position;
  expect(await placeInCopy(eventStoreDb, postgres, between)).toBe(old[1]!.position);
});

it('a place is refused where the copy does not hold the event', async () => {
  const { position } = await postgres.append('campaign-new', 'noStream', newEvents(1));
  await expect(placeInCopy(postgres, eventStoreDb, position)).rejects.toThrow('the copy does not hold campaign-new');
});
