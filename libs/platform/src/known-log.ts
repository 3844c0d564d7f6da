import type { Pool } from 'pg';

/** The event log that what is in Postgres was made from; `muster-ops copy-log` puts the copy's name there. */
export const KNOWN_LOG_DDL = `
  CREATE TABLE IF NOT EXISTS event_log (
    only_one boolean PRIMARY KEY DEFAULT true CHECK (only_one),
    store_id text NOT NULL
  )`;

/** Positions mean nothing in another log: checkpoints and read models of one are refused to another. */
export class ForeignEventStore extends Error {
  override readonly name = 'ForeignEventStore';
  constructor(known: string, storeId: string) {
    super(
      `The database of DATABASE_URL belongs to the event log ${known}, and EVENT_STORE (with EVENTSTOREDB_URL) leads to the ` +
        `log ${storeId}. Start with the event store that the database was filled from, move it with muster-ops copy-log, or ` +
        'start with an empty database.',
    );
  }
}

/** Notes the log at the first start. Throws {@link ForeignEventStore} for any other. */
export async function requireKnownLog(pool: Pool, storeId: string): Promise<void> {
  await pool.query('INSERT INTO event_log (store_id) VALUES ($1) ON CONFLICT DO NOTHING', [storeId]);
  const { rows } = await pool.query<{ known: string }>('SELECT store_id AS known FROM event_log');
  const known = rows[0]?.known ?? '';
  if (known !== storeId) throw new ForeignEventStore(known, storeId);
}
