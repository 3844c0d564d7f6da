import type { Pool, PoolClient } from 'pg';

/**
 * Runs `work` while no other session has the lock of this name. The lock is the session's, not a transaction's: what waited
 * for it begins its statements afterwards, and so with a fresh view of the catalogue, which a lock taken within a
 * transaction does not give.
 */
export async function withSessionLock<T>(
  pool: Pool,
  name: string,
  work: (client: PoolClient) => Promise<T>,
): Promise<T> {
  const client = await pool.connect();
  try {
    await client.query('SELECT pg_advisory_lock(hashtext($1))', [name]);
    return await work(client);
  } finally {
    // Closing the connection gives the lock back, and takes back what was not committed.
    client.release(true);
  }
}
