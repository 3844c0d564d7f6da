import type { Pool } from 'pg';
import type { Muster } from './muster';
import { FIELDS, type Selected } from './profiles';

/** A running Muster with one profile database of `size` profiles, and its table for the plain SQL. */
export interface World {
  readonly size: number;
  readonly rounds: number;
  readonly muster: Muster;
  /** As the superuser; not the service's connections. */
  readonly pool: Pool;
  readonly database: ProfileDatabase;
}

export interface ProfileDatabase {
  readonly databaseId: string;
  /** Qualified: `segments.p_1`. */
  readonly table: string;
  /** The column of each field. */
  readonly columns: ReadonlyMap<string, string>;
}

/** Schema of the tables that the floors make. */
export const FLOOR = 'bench_floor';

export async function createDatabase(muster: Muster, pool: Pool): Promise<ProfileDatabase> {
  const { databaseId } = await muster.post<{ databaseId: string }>('/profile-databases', {
    name: 'Bench',
    fields: FIELDS,
  });
  const { rows } = await pool.query<{ suffix: number; fields: { name: string; column: string }[] }>(
    'SELECT suffix, fields FROM segments.profile_table WHERE database_id = $1',
    [databaseId],
  );
  const [row] = rows;
  if (!row) throw new Error('the profile database has no table');
  const columns = new Map(row.fields.map(({ name, column }) => [name, column]));
  return { databaseId, table: `segments.p_${String(row.suffix)}`, columns };
}

export function columnOf({ columns }: ProfileDatabase): (field: string) => string {
  return (field) => {
    const column = columns.get(field);
    if (column === undefined) throw new Error(`there is no field "${field}"`);
    return column;
  };
}

/** The condition in plain SQL, on the columns of the table. */
export function whereSql({ database }: World, selected: Selected): string {
  return selected.sql(columnOf(database));
}

export async function countOf(world: World, selected: Selected): Promise<number> {
  const { rows } = await world.pool.query<{ count: string }>(
    `SELECT count(*) FROM ${world.database.table} WHERE ${whereSql(world, selected)}`,
  );
  return Number(rows[0]?.count);
}

/** Leaves nothing of earlier work to be done by Postgres meanwhile: both sides start alike. */
export async function settled({ pool, database }: Pick<World, 'pool' | 'database'>): Promise<void> {
  await pool.query(`VACUUM (ANALYZE) ${database.table}`);
  await pool.query('CHECKPOINT');
}

/** A segment with its members calculated. */
export async function createSegment(
  { muster, database }: World,
  kind: 'static' | 'dynamic',
  { name, condition }: Selected,
): Promise<string> {
  const { segmentId, runId } = await muster.post<{ segmentId: string; runId: string }>('/segments', {
    databaseId: database.databaseId,
    name: `${name}, ${kind}`,
    kind,
    condition,
    ...(kind === 'static' && { fill: true }),
  });
  await completed(muster, segmentId, runId);
  return segmentId;
}

/** Resolves when the run has ended well. */
export async function completed(muster: Muster, segmentId: string, runId: string): Promise<void> {
  const run = await muster.until<{ state: string }>(
    `/segments/${segmentId}/runs/${runId}`,
    ({ state }) => state !== 'in_progress',
  );
  if (run.state !== 'completed') throw new Error(`a run has ended as ${run.state}`);
}
