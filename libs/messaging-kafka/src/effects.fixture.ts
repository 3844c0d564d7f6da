import type { SourceReference } from '@muster/contracts';
import { inboxOnce } from '@muster/messaging';
import { withTransaction } from '@muster/postgres';
import type { Pool } from 'pg';

export const EFFECT_DDL = `CREATE TABLE effect (n serial, key text, text text, member text)`;

export interface Effect {
  /** Whose inbox tells repeats. */
  readonly inbox: string;
  readonly source: SourceReference;
  readonly key: string;
  readonly text: string;
  readonly member: string;
}

/** An effect in Postgres, once per event. Answers whether this was the first time. */
export async function effectOnce(pool: Pool, { inbox, source, key, text, member }: Effect): Promise<boolean> {
  return withTransaction(pool, async (client) => {
    if (!(await inboxOnce(client, inbox, source))) return false;
    await client.query('INSERT INTO effect (key, text, member) VALUES ($1, $2, $3)', [key, text, member]);
    return true;
  });
}

export async function effects(pool: Pool): Promise<number> {
  return (await pool.query('SELECT FROM effect')).rowCount ?? 0;
}

/** The texts of each key in the order in which their effects came, by key. */
export async function effectsByKey(pool: Pool): Promise<ReadonlyMap<string, readonly string[]>> {
  const { rows } = await pool.query<{ key: string; texts: string[] }>(
    'SELECT key, array_agg(text ORDER BY n) AS texts FROM effect GROUP BY key',
  );
  return new Map(rows.map(({ key, texts }) => [key, texts]));
}

/** How many effects each member has brought about, by its name. */
export async function effectsByMember(pool: Pool): Promise<ReadonlyMap<string, number>> {
  const { rows } = await pool.query<{ member: string; count: number }>(
    'SELECT member, count(*)::integer AS count FROM effect GROUP BY member',
  );
  return new Map(rows.map(({ member, count }) => [member, count]));
}
