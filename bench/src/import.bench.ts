import { copyIn } from '@muster/postgres';
import { createReadStream, createWriteStream } from 'node:fs';
import { join } from 'node:path';
import { pipeline } from 'node:stream/promises';
import type { Pool } from 'pg';
import { to } from 'pg-copy-streams';
import type { Figure } from './figure';
import type { Muster } from './muster';
import { writeCsv } from './profiles';
import { interleaved, timed } from './rounds';
import { createDatabase, FLOOR, settled, type ProfileDatabase } from './world';

interface Imported {
  readonly state: string;
  readonly rows: { readonly read: number; readonly accepted: number };
}

/**
 * Importing a CSV of `size` profiles with 12 fields by HTTP (upload, validation, numbers in the log, table), against
 * COPY of the same rows into the same table with its indexes. The last database is left for the other figures.
 */
export async function benchImport(
  { muster, pool, folder }: { readonly muster: Muster; readonly pool: Pool; readonly folder: string },
  size: number,
  rounds: number,
): Promise<{ figure: Figure; database: ProfileDatabase }> {
  const [csv, rows] = [join(folder, 'profiles.csv'), join(folder, 'profiles.rows')];
  await writeCsv(csv, size);
  let database = await createDatabase(muster, pool);
  const first = await timed(() => importFile(muster, database, csv));
  await writeRows(pool, database, rows);
  const sides = await interleaved(
    rounds,
    async (round) => {
      if (round === 0) return first;
      await muster.delete(`/profile-databases/${database.databaseId}`);
      database = await createDatabase(muster, pool);
      await settled({ pool, database });
      return timed(() => importFile(muster, database, csv));
    },
    () => copyRows(pool, database, rows),
  );
  return { database, figure: { name: 'import of a CSV with 12 fields', unit: 'ms', ...sides, must: 3, aim: 2 } };
}

async function importFile(muster: Muster, { databaseId }: ProfileDatabase, csv: string): Promise<void> {
  const { importId } = await muster.upload<{ importId: string }>(`/profile-databases/${databaseId}/imports`, csv);
  const done = await muster.until<Imported>(
    `/imports/${importId}`,
    ({ state }) => state === 'completed' || state === 'failed',
  );
  if (done.state !== 'completed' || done.rows.accepted !== done.rows.read)
    throw new Error(`an import: ${JSON.stringify(done)}`);
}

/** The rows of the table as COPY takes them. */
async function writeRows(pool: Pool, database: ProfileDatabase, file: string): Promise<void> {
  const client = await pool.connect();
  try {
    const select = `SELECT ${columnList(database)} FROM ${database.table} ORDER BY profile_no`;
    await pipeline(client.query(to(`COPY (${select}) TO STDOUT`)), createWriteStream(file));
  } finally {
    client.release();
  }
}

async function copyRows(pool: Pool, database: ProfileDatabase, file: string): Promise<number> {
  const table = `${FLOOR}.profiles`;
  const client = await pool.connect();
  try {
    await client.query(`CREATE TABLE ${table} (LIKE ${database.table} INCLUDING ALL)`);
    await client.query('CHECKPOINT');
    return await timed(() =>
      copyIn(
        client,
        `COPY ${table} (${columnList(database)}) FROM STDIN`,
        createReadStream(file, { highWaterMark: 65_536 }),
      ),
    );
  } finally {
    await client.query(`DROP TABLE IF EXISTS ${table}`);
    client.release();
  }
}

function columnList({ columns }: ProfileDatabase): string {
  return ['profile_no', 'external_id', ...columns.values()].join(', ');
}
