import type { Pool } from 'pg';
import { createTestDatabase, type TestDatabase } from '@muster/embedded/testing';
import { START, type EventStore } from '@muster/event-store';
import { Follower, aNewEvent, aStream, newEvents } from '@muster/event-store-testing';
import { createPool } from '@muster/postgres';
import { PostgresEventStore, migrateEventStore } from './index';

let database: TestDatabase;
let pool: Pool;
let store: EventStore;

beforeAll(async () => {
  database = await createTestDatabase();
  pool = createPool({ connectionString: database.connectionString });
  store = await PostgresEventStore.open({ pool });
});

afterAll(async () => {
  await store.close();
  await pool.end();
  await database.drop();
});

describe('the schema', () => {
  it('is made once by many who open it at the same time', async () => {
    const stores = await Promise.all(
      [1, 2, 3, 4, 5].map(() => PostgresEventStore.open({ pool, schema: 'made "at" once' })),
    );
    expect(new Set(stores.map(({ storeId }) => storeId)).size).toBe(1);
    expect(stores[0]?.storeId).not.toBe(store.storeId);
    const { revision } = (await stores[0]?.append(aStream(), 'noStream', newEvents(2))) ?? {};
    expect(revision).toBe(1);
    await Promise.all(stores.map((each) => each.close()));
  });

  it('lets the roles it is granted to append and read, and not alter', async () => {
    const role = `log_reader_${store.storeId.slice(0, 8)}`;
    await pool.query(`CREATE ROLE ${role}`);
    await migrateEventStore(pool, { grantTo: [role] });
    const own = createPool({ connectionString: database.connectionString, role });
    const restricted = await PostgresEventStore.open({ pool: own });
    await expect(restricted.append(aStream(), 'noStream', newEvents(1))).resolves.toMatchObject({ revision: 0 });
    await expect(own.query('DELETE FROM event_store.event')).rejects.toThrow('permission denied');
    await expect(own.query("UPDATE event_store.event SET type = 'Other'")).rejects.toThrow('permission denied');
    await restricted.close();
    await own.end();
    await pool.query(`DROP OWNED BY ${role}; DROP ROLE ${role}`);
  });
});

describe('positions', () => {
  it('have no gaps, also after refused appends', async () => {
    const before = await store.head();
    const stream = aStream();
    await store.append(stream, 'noStream', newEvents(2));
    await store.append(stream, 'noStream', newEvents(1)).catch(() => undefined);
    const { position } = await store.append(stream, 1, newEvents(3));
    expect(await store.distance(before, position)).toBe(5);
  });
});

describe('appends of the same moment', () => {
  it('share commits', async () => {
    const stream = aStream();
    await Promise.all(Array.from({ length: 200 }, () => store.append(stream, 'any', newEvents(1))));
    const { rows } = await pool.query('SELECT DISTINCT xmin FROM event_store.event WHERE stream = $1', [stream]);
    expect(rows.length).toBeLessThan(10);
  });

  it('do not share the failure of one that the server refuses', async () => {
    await pool.query(`
      CREATE FUNCTION refuse() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN RAISE EXCEPTION 'refused'; END $$;
      CREATE TRIGGER refuse BEFORE INSERT ON event_store.event FOR EACH ROW WHEN (NEW.type = 'Refused') EXECUTE FUNCTION refuse()`);
    const results = await Promise.allSettled(
      Array.from({ length: 20 }, (_, i) =>
        store.append(aStream(), 'noStream', [aNewEvent({ type: i === 7 ? 'Refused' : 'Taken' })]),
      ),
    );
    await pool.query('DROP TRIGGER refuse ON event_store.event');
    expect(results.map(({ status }) => status)).toEqual(
      Array.from({ length: 20 }, (_, i) => (i === 7 ? 'rejected' : 'fulfilled')),
    );
  });
});

describe('subscriptions', () => {
  it('that fall behind what is kept in memory lose nothing', async () => {
    let release: () => void = () => undefined;
    const held = new Promise<void>((resolve) => (release = resolve));
    const slow = new Follower(store, await store.head(), ['large'], () => held);
    const quick = new Follower(store, await store.head(), ['large']);
    const count = 90;
    for (let i = 0; i < count; i++) {
      await store.append('large-1', 'any', [aNewEvent({ data: 'x'.repeat(450_000) })]);
    }
    await quick.until(() => quick.events.length === count);
    release();
    await slow.until(() => slow.events.length >= count);
    const revisions = Array.from({ length: count }, (_, i) => i);
    expect(quick.events.map(({ revision }) => revision)).toEqual(revisions);
    expect(slow.events.map(({ revision }) => revision)).toEqual(revisions);
    await Promise.all([slow.stop(), quick.stop()]);
  }, 60_000);

  it('refuse a position that the log does not reach: it is another log, or was restored', async () => {
    const { position } = await store.append(aStream(), 'any', newEvents(1));
    const beyond = String(Number(position) + 1_000).padStart(19, '0') as typeof position;
    await expect(new Follower(store, beyond).ended).rejects.toThrow(RangeError);
  });

  it('fail when the log is gone, and do not wait for ever', async () => {
    const doomed = await PostgresEventStore.open({ pool, schema: 'doomed' });
    const follower = new Follower(doomed, START);
    await follower.until(() => follower.batches.length > 0);
    await pool.query('DROP SCHEMA doomed CASCADE');
    await expect(follower.ended).rejects.toThrow('doomed');
    await doomed.close();
  });

  it('read nothing while nobody listens', async () => {
    const quiet = createPool({ connectionString: database.connectionString, applicationName: 'quiet' });
    let statements = 0;
    const own = await PostgresEventStore.open({ pool: quiet });
    const follower = new Follower(own, await own.head());
    await follower.until(() => follower.batches.length > 0);
    await follower.stop();
    await new Promise((resolve) => setTimeout(resolve, 50));
    quiet.on('acquire', () => statements++);
    await new Promise((resolve) => setTimeout(resolve, 200));
    expect(statements).toBe(0);
    await own.close();
    await quiet.end();
  });
});

describe('the log for one context', () => {
  it('appends to its categories alone and shares the rest', async () => {
    const whole = await PostgresEventStore.open({ pool });
    const campaigns = whole.restrictedTo(['campaign']);
    await expect(campaigns.append(`segment-${store.storeId}`, 'any', newEvents(1))).rejects.toThrow('campaign');
    await campaigns.append(`campaign-${store.storeId}`, 'any', newEvents(1));
    expect(await campaigns.head()).toBe(await whole.head());
    await whole.close();
  });
});
