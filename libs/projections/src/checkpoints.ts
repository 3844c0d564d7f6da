import { withSessionLock, withTransaction, type Queryable } from '@muster/postgres';
import { START, type Position } from '@muster/event-store';
import { escapeIdentifier, type Pool, type PoolClient } from 'pg';
import type { Projection } from './projection';

/** Someone else owns the projection now: nothing of this transaction may stay. */
export class FencedOff extends Error {
  override readonly name = 'FencedOff';
}

/** A generation of a read model. At most one is live and one building; the retired wait to be dropped. */
export interface Generation {
  readonly name: string;
  readonly generation: number;
  readonly version: number;
  readonly state: 'live' | 'building' | 'retired';
  readonly position: Position;
  readonly error: string | null;
}

const COLUMNS = 'name, generation, version, state, position, error';

/** The checkpoint rows and the schemas of generations of one service. */
export class Checkpoints {
  private readonly table: string;
  private readonly requests: string;

  constructor(
    private readonly pool: Pool,
    private readonly schema: string,
  ) {
    this.table = `${escapeIdentifier(schema)}.projection_checkpoint`;
    this.requests = `${escapeIdentifier(schema)}.projection_request`;
  }

  /** Makes the tables where they are missing; several instances may start at once. */
  async ensure(): Promise<void> {
    await withSessionLock(this.pool, `muster:projections:${this.schema}`, (client) =>
      client.query(projectionCheckpointDdl(this.schema)),
    );
  }

  async generations(name?: string): Promise<readonly Generation[]> {
    const { rows } = await this.pool.query<Generation>(
      `SELECT ${COLUMNS} FROM ${this.table} WHERE $1::text IS NULL OR name = $1 ORDER BY name, generation`,
      [name ?? null],
    );
    return rows;
  }

  /** Fences off whoever owned the projection before, makes its first generation, and forgets why it stopped. */
  async takeOver(projection: Projection): Promise<number> {
    return this.alone(projection.name, async (client) => {
      const { rows } = await client.query<{ epoch: string; generation: number; state: Generation['state'] }>(
        `UPDATE ${this.table} SET error = NULL,
           owner_epoch = (SELECT max(owner_epoch) + 1 FROM ${this.table} WHERE name = $1)
         WHERE name = $1 RETURNING owner_epoch AS epoch, generation, state`,
        [projection.name],
      );
      const epoch = Math.max(1, ...rows.map((row) => Number(row.epoch)));
      // A rebuild can be asked for before anyone has owned the projection.
      if (!rows.some(({ state }) => state === 'live')) {
        const generation = Math.max(0, ...rows.map((row) => row.generation)) + 1;
        await this.create(client, projection, generation, 'live', epoch);
        await this.show(client, projection, generation, []);
      }
      return epoch;
    });
  }

  /** The next generation, empty, beside the live one. The one that is building already, where there is one. */
  async build(projection: Projection): Promise<number> {
    return this.alone(projection.name, async (client) => {
      const rows = await this.lock(client, projection.name);
      const building = rows.find((row) => row.state === 'building' && row.version === projection.version);
      if (building) return building.generation;
      const generation = Math.max(0, ...rows.map((row) => row.generation)) + 1;
      const epoch = Math.max(1, ...rows.map((row) => Number(row.epoch)));
      await this.create(client, projection, generation, 'building', epoch);
      return generation;
    });
  }

  /**
   * Moves the checkpoint; inside a transaction, its statements then find the generation's tables.
   * Throws {@link FencedOff} where the row is not as its owner left it.
   */
  async move(
    client: Queryable,
    { name, generation }: Generation,
    epoch: number,
    from: Position,
    to: Position,
  ): Promise<void> {
    const { rowCount } = await client.query({
      name: `projection-move-${this.schema}`,
      text: `UPDATE ${this.table} SET position = $5, moved_at = now()
             WHERE name = $1 AND generation = $2 AND owner_epoch = $3 AND position = $4
             RETURNING set_config('search_path', $6, true)`,
      values: [name, generation, epoch, from, to, escapeIdentifier(this.schemaOf(name, generation))],
    });
    if (rowCount !== 1) throw new FencedOff(`projection ${name}: another instance has taken it over`);
  }

  /** Shows the tables of this generation and retires the live one. */
  async swap(projection: Projection, generation: number, epoch: number): Promise<void> {
    await withTransaction(this.pool, async (client) => {
      // Readers that hold the views for long must not make everyone behind them wait.
      await client.query("SET LOCAL lock_timeout = '2s'");
      const rows = await this.lock(client, projection.name);
      const next = rows.find((row) => row.generation === generation);
      if (Number(next?.epoch) !== epoch) throw new FencedOff(`projection ${projection.name}: swap by a former owner`);
      if (next?.state !== 'building') throw new FencedOff(`projection ${projection.name}: the rebuild was cancelled`);
      const live = rows.find((row) => row.state === 'live');
      await this.show(client, projection, generation, live?.tables ?? []);
      await client.query(
        `UPDATE ${this.table} SET state = CASE WHEN generation = $2 THEN 'live' ELSE 'retired' END
         WHERE name = $1 AND (generation = $2 OR state = 'live')`,
        [projection.name, generation],
      );
      await client.query(`DELETE FROM ${this.requests} WHERE name = $1`, [projection.name]);
    });
  }

  async drop({ name, generation }: Generation): Promise<void> {
    await withTransaction(this.pool, (client) => this.remove(client, name, generation));
  }

  /** The rebuild failed: the generation goes, and whoever asked for it finds the reason. */
  async giveUp({ name, generation }: Generation, reason: string): Promise<void> {
    await withTransaction(this.pool, async (client) => {
      await this.remove(client, name, generation);
      await client.query(`UPDATE ${this.requests} SET error = $2 WHERE name = $1`, [name, reason]);
    });
  }

  /** What an operator asks of the projection; undefined where nothing, or where it was tried and failed. */
  async request(name: string): Promise<{ readonly hold: boolean } | undefined> {
    const { rows } = await this.pool.query<{ hold: boolean }>(
      `SELECT hold FROM ${this.requests} WHERE name = $1 AND error IS NULL`,
      [name],
    );
    return rows[0];
  }

  async recordError(name: string, epoch: number, error: string): Promise<void> {
    await this.pool.query(`UPDATE ${this.table} SET error = $3 WHERE name = $1 AND owner_epoch = $2`, [
      name,
      epoch,
      error,
    ]);
  }

  /**
   * One at a time for a projection: a generation that is made while another process takes over would miss the new epoch,
   * which all generations share.
   */
  private alone<T>(name: string, work: (client: PoolClient) => Promise<T>): Promise<T> {
    return withTransaction(this.pool, async (client) => {
      await client.query('SELECT pg_advisory_xact_lock(hashtextextended($1, 0))', [
        `generations:${this.table}.${name}`,
      ]);
      return work(client);
    });
  }

  private async remove(client: Queryable, name: string, generation: number): Promise<void> {
    await client.query(`DROP SCHEMA IF EXISTS ${escapeIdentifier(this.schemaOf(name, generation))} CASCADE`);
    await client.query(`DELETE FROM ${this.table} WHERE name = $1 AND generation = $2`, [name, generation]);
  }

  private async lock(client: PoolClient, name: string) {
    const { rows } = await client.query<Generation & { readonly epoch: string; readonly tables: readonly string[] }>(
      `SELECT ${COLUMNS}, tables, owner_epoch AS epoch FROM ${this.table} WHERE name = $1 ORDER BY generation FOR UPDATE`,
      [name],
    );
    return rows;
  }

  private async create(
    client: PoolClient,
    projection: Projection,
    generation: number,
    state: Generation['state'],
    epoch: number,
  ): Promise<void> {
    const schema = escapeIdentifier(this.schemaOf(projection.name, generation));
    await client.query(`DROP SCHEMA IF EXISTS ${schema} CASCADE`);
    await client.query(`CREATE SCHEMA ${schema}`);
    await client.query(
      `INSERT INTO ${this.table} (name, generation, version, state, position, owner_epoch, tables)
       VALUES ($1, $2, $3, $4, $5, $6, $7)`,
      [projection.name, generation, projection.version, state, START, epoch, projection.tables],
    );
    await client.query('SELECT set_config($1, $2, true)', ['search_path', schema]);
    await projection.create(client);
  }

  private async show(
    client: Queryable,
    projection: Projection,
    generation: number,
    before: readonly string[],
  ): Promise<void> {
    const schema = escapeIdentifier(this.schema);
    const tables = escapeIdentifier(this.schemaOf(projection.name, generation));
    for (const table of new Set([...before, ...projection.tables])) {
      await client.query(`DROP VIEW IF EXISTS ${schema}.${escapeIdentifier(table)}`);
    }
    for (const table of projection.tables.map((name) => escapeIdentifier(name))) {
      await client.query(`CREATE VIEW ${schema}.${table} AS SELECT * FROM ${tables}.${table}`);
    }
  }

  private schemaOf(name: string, generation: number): string {
    return generationSchema(this.schema, name, generation);
  }
}

/** The Postgres schema in which this generation of a service's read model has its tables. */
export function generationSchema(schema: string, name: string, generation: number): string {
  return `${schema}_${name}_${String(generation)}`;
}

/** The tables in which the projections of the service with this schema keep where they are, and operators their wishes. */
export function projectionCheckpointDdl(schema: string): string {
  return `
    CREATE TABLE IF NOT EXISTS ${escapeIdentifier(schema)}.projection_checkpoint (
      name        text NOT NULL,
      generation  integer NOT NULL,
      version     integer NOT NULL,
      state       text NOT NULL CHECK (state IN ('live', 'building', 'retired')),
      position    text COLLATE "C" NOT NULL,
      owner_epoch bigint NOT NULL,
      tables      text[] NOT NULL,
      error       text,
      moved_at    timestamptz NOT NULL DEFAULT now(),
      PRIMARY KEY (name, generation)
    );
    CREATE TABLE IF NOT EXISTS ${escapeIdentifier(schema)}.projection_request (
      name     text PRIMARY KEY,
      hold     boolean NOT NULL,
      error    text,
      asked_at timestamptz NOT NULL DEFAULT now()
    )`;
}
