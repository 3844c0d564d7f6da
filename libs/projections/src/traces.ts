import type { EventToAppend, StoredEvent } from '@muster/event-store';
import { SYSTEM } from '@muster/kernel';
import type { Lease, Leases } from '@muster/postgres';
import { createHash, randomUUID } from 'node:crypto';
import type { Pool, PoolClient } from 'pg';
import type { Projection } from './projection';

/** What the specs project: per stream a chain of hashes, which any lost, doubled or moved event breaks. */
export class Traces implements Projection {
  readonly categories = ['trace'];
  readonly handles = ['Traced', 'Cleared'];
  readonly ignores = ['Skipped'];
  readonly tables = ['trace', 'trace_count'];
  /** Called in each transaction after its rows were written. */
  beforeCommit: (events: readonly StoredEvent[]) => Promise<void> = () => Promise.resolve();

  constructor(
    readonly name = 'traces',
    readonly version = 1,
  ) {}

  async create(client: PoolClient): Promise<void> {
    await client.query('CREATE TABLE trace (stream text PRIMARY KEY, chain text NOT NULL)');
    await client.query('CREATE TABLE trace_count (stream text PRIMARY KEY, events integer NOT NULL)');
  }

  async apply(events: readonly StoredEvent[], client: PoolClient): Promise<void> {
    for (const { stream, type, data } of events) {
      if (type === 'Cleared') await client.query('DELETE FROM trace WHERE stream = $1', [stream]);
      else {
        await client.query(
          `INSERT INTO trace AS t VALUES ($1, md5($2)) ON CONFLICT (stream) DO UPDATE SET chain = md5(t.chain || $2)`,
          [stream, JSON.stringify(data)],
        );
      }
      await client.query(
        `INSERT INTO trace_count AS t VALUES ($1, 1) ON CONFLICT (stream) DO UPDATE SET events = t.events + 1`,
        [stream],
      );
    }
    await this.beforeCommit(events);
  }
}

/** SHA-256 over the sorted rows that the views show. */
export async function fingerprint(pool: Pool, schema: string): Promise<string> {
  const hash = createHash('sha256');
  for (const table of ['trace', 'trace_count']) {
    const { rows } = await pool.query<{ row: string }>(
      `SELECT t::text AS row FROM ${schema}.${table} t ORDER BY t::text COLLATE "C"`,
    );
    hash.update(`${table}\n${rows.map(({ row }) => row).join('\n')}\n`);
  }
  return hash.digest('hex');
}

export function traced(type: string, data: unknown = {}): EventToAppend {
  const metadata = { v: 1, time: '2026-01-01T00:00:00.000Z', actor: SYSTEM, correlationId: 'c' };
  return { id: randomUUID(), type, data, metadata };
}

/** Advisory locks, each on a connection that a test can cut. */
export class CuttableLeases implements Leases {
  /** Process id of the server's side of each held lease. */
  readonly backends: number[] = [];

  constructor(
    private readonly pool: Pool,
    /** False: a holder does not notice that its connection is gone. */
    private readonly notices = true,
  ) {}

  async tryAcquire(key: string): Promise<Lease | null> {
    const client = await this.pool.connect();
    const { rows } = await client.query<{ got: boolean; pid: number }>(
      'SELECT pg_try_advisory_lock(hashtextextended($1, 0)) AS got, pg_backend_pid() AS pid',
      [key],
    );
    const [row] = rows;
    if (row?.got !== true) {
      client.release();
      return null;
    }
    this.backends.push(row.pid);
    const lost = new AbortController();
    client.once('error', () => {
      if (this.notices) lost.abort();
    });
    return {
      lost: lost.signal,
      release: () => {
        client.release(true);
        return Promise.resolve();
      },
    };
  }
}
