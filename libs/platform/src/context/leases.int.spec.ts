import { createTestDatabase, type TestDatabase } from '@muster/embedded/testing';
import { createPool } from '@muster/postgres';
import { once } from 'node:events';
import type { Pool } from 'pg';
import { PostgresLeases } from './leases';
import { createContexts } from './roles';

let database: TestDatabase;
let pool: Pool;
let ours: PostgresLeases;
let theirs: PostgresLeases;

beforeAll(async () => {
  database = await createTestDatabase();
  pool = createPool({ connectionString: database.connectionString, max: 2 });
  // Databases of one server are prepared at the same time by several test files, and here twice.
  await Promise.all([createContexts(pool), createContexts(pool)]);
  const options = { connectionString: database.connectionString, role: 'muster_audiences' };
  ours = new PostgresLeases('audiences', options);
  theirs = new PostgresLeases('audiences', options);
});
afterAll(async () => {
  await ours.onApplicationShutdown();
  await theirs.onApplicationShutdown();
  await pool.end();
  await database.drop();
});

describe('leases', () => {
  it('are held by one at a time, in this process and in others', async () => {
    const lease = await ours.tryAcquire('a');
    expect(lease).not.toBeNull();
    expect(await ours.tryAcquire('a')).toBeNull();
    expect(await theirs.tryAcquire('a')).toBeNull();
    const other = await theirs.tryAcquire('b');
    expect(other).not.toBeNull();
    await lease?.release();
    await other?.release();
    const next = await theirs.tryAcquire('a');
    expect(next).not.toBeNull();
    await next?.release();
  });

  it('of two at once, only one is given', async () => {
    const both = await Promise.all([ours.tryAcquire('c'), ours.tryAcquire('c'), theirs.tryAcquire('c')]);
    expect(both.filter((lease) => lease !== null)).toHaveLength(1);
    for (const lease of both) await lease?.release();
  });

  it('are lost with the connection, and can be had again', async () => {
    const lease = await ours.tryAcquire('d');
    const lost = once(lease?.lost ?? new AbortController().signal, 'abort');
    await pool.query(
      `SELECT pg_terminate_backend(pid) FROM pg_stat_activity
       WHERE application_name = 'muster-leases-audiences' AND datname = current_database()`,
    );
    await lost;
    const again = await theirs.tryAcquire('d').catch(() => theirs.tryAcquire('d'));
    expect(again).not.toBeNull();
    // What was lost cannot be given back: it is another's now.
    await lease?.release();
    expect(await ours.tryAcquire('d')).toBeNull();
    await again?.release();
  });
});
