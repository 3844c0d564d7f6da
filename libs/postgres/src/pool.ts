import { Pool, type PoolClient, type PoolConfig } from 'pg';

/** What both a pool and one of its clients can do: run a statement. */
export type Queryable = Pick<PoolClient, 'query'>;

export interface PoolOptions {
  readonly connectionString: string;
  /** Every connection acts as this role from its first statement on (`SET ROLE`, given as a startup option). */
  readonly role?: string;
  /** Connections at most. Default 10. */
  readonly max?: number;
  /** Shown in `pg_stat_activity`. */
  readonly applicationName?: string;
  /** How long a caller waits for a connection before the error of {@link isUnavailable} kind. Default 10,000 ms. */
  readonly connectTimeoutMs?: number;
}

/** A pool whose lost connections fail the statements that use them and nothing else. */
export function createPool(options: PoolOptions): Pool {
  const config: PoolConfig = {
    connectionString: options.connectionString,
    max: options.max ?? 10,
    connectionTimeoutMillis: options.connectTimeoutMs ?? 10_000,
    keepAlive: true,
  };
  if (options.applicationName !== undefined) config.application_name = options.applicationName;
  if (options.role !== undefined) config.options = `-c role=${escapeStartupOption(options.role)}`;
  const pool = new Pool(config);
  // Node ends the process on an `error` event that nobody hears: pg emits one for an idle connection (on the pool) and
  // for one that is checked out between two statements (on the client). Their next statement fails, which is enough.
  pool.on('error', ignore);
  pool.on('connect', (client) => client.on('error', ignore));
  return pool;
}

/**
 * Runs `work` in one transaction: COMMIT when it returns, ROLLBACK when it throws. A connection that cannot even roll
 * back is closed instead of going back to the pool.
 */
export async function withTransaction<T>(pool: Pool, work: (client: PoolClient) => Promise<T>): Promise<T> {
  const client = await pool.connect();
  let broken = false;
  try {
    await client.query('BEGIN');
    const result = await work(client);
    const { command } = await client.query('COMMIT');
    // Postgres answers COMMIT with ROLLBACK, and no error, when a statement failed and `work` swallowed that.
    if (command !== 'COMMIT') throw new Error('the transaction was rolled back: a statement in it had failed');
    return result;
  } catch (error) {
    await client.query('ROLLBACK').catch(() => {
      broken = true;
    });
    throw error;
  } finally {
    client.release(broken);
  }
}

/** Spaces and backslashes part or escape startup options. */
function escapeStartupOption(value: string): string {
  return value.replace(/[\\\s]/g, '\\$&');
}

function ignore(): void {
  // heard, so that it ends no process
}
