import { AGGREGATES, InjectPool, roleOf } from '@muster/platform';
import type { Aggregates } from '@muster/aggregates';
import { withTransaction, type Queryable } from '@muster/postgres';
import { sqlType } from '@muster/segmentation';
import { existing, type ProfileDatabase } from '@muster/segments-domain';
import type { FieldRecord } from '@muster/segments-events';
import { Inject, Injectable } from '@nestjs/common';
import { escapeIdentifier, escapeLiteral, type Pool } from 'pg';
import { profileDatabaseAggregate } from './profile-database.aggregate';

/** Where the profiles of a database are. Names are safe to stand in SQL as they are. */
export interface ProfileTable {
  readonly databaseId: string;
  /** `profile_no`, `external_id`, a column per field, `updated_at`. */
  readonly table: string;
  readonly interactions: string;
  readonly fields: readonly FieldRecord[];
  /** The key of range and limit. */
  readonly salt: string;
}

/**
 * One typed table of profiles and one of interactions per database, made from the state of its stream: after each
 * command that changes it, and on use where that is missing. Every step can be repeated.
 */
@Injectable()
export class TypedTables {
  constructor(
    @InjectPool('segments') private readonly pool: Pool,
    @Inject(AGGREGATES) private readonly aggregates: Aggregates,
  ) {}

  /** Throws `DATABASE_NOT_FOUND`. */
  async of(databaseId: string, on: Queryable = this.pool): Promise<ProfileTable> {
    return (await this.known(databaseId, on)) ?? this.ensure(databaseId);
  }

  /** Brings the tables to the state of the stream. Throws `DATABASE_NOT_FOUND`. */
  async ensure(databaseId: string): Promise<ProfileTable> {
    const { state, revision } = await this.aggregates.load(profileDatabaseAggregate, databaseId);
    const database = existing(state);
    return withTransaction(this.pool, async (client) => {
      await client.query('SELECT pg_advisory_xact_lock(hashtextextended($1, 0))', [`typed-table:${databaseId}`]);
      const suffix = await register(client, database, revision);
      if (suffix !== null) await build(client, suffix, database.fields);
      const table = await this.known(databaseId, client);
      if (!table) throw new Error(`profile database ${databaseId} has no table`);
      return table;
    });
  }

  /** Removes the tables of a deleted database with everything that was stored about its profiles. */
  async drop(databaseId: string): Promise<void> {
    await withTransaction(this.pool, async (client) => {
      await client.query('SELECT pg_advisory_xact_lock(hashtextextended($1, 0))', [`typed-table:${databaseId}`]);
      const { rows } = await client.query<{ suffix: number }>(
        'DELETE FROM profile_table WHERE database_id = $1 RETURNING suffix',
        [databaseId],
      );
      for (const { suffix } of rows) {
        await client.query(`DROP VIEW IF EXISTS profiles_v1_${String(suffix)}`);
        await client.query(`DROP TABLE IF EXISTS p_${String(suffix)}, i_${String(suffix)}`);
      }
      await client.query('DELETE FROM attribute_change WHERE database_id = $1', [databaseId]);
      await client.query('DELETE FROM import WHERE database_id = $1', [databaseId]);
    });
  }

  private async known(databaseId: string, on: Queryable): Promise<ProfileTable | undefined> {
    const { rows } = await on.query<{ suffix: number; salt: string; fields: FieldRecord[] }>(
      'SELECT suffix, salt, fields FROM profile_table WHERE database_id = $1',
      [databaseId],
    );
    const row = rows[0];
    if (!row) return undefined;
    const suffix = String(row.suffix);
    return { databaseId, table: `p_${suffix}`, interactions: `i_${suffix}`, fields: row.fields, salt: row.salt };
  }
}

/** The row of the catalogue; `null` where it shows this revision or a later one already. */
async function register(client: Queryable, database: ProfileDatabase, revision: number): Promise<number | null> {
  const { rows } = await client.query<{ suffix: number }>(
    `INSERT INTO profile_table (database_id, revision, name, salt, fields, profile_view)
     VALUES ($1, $2, $3, $4, $5, '')
     ON CONFLICT (database_id) DO UPDATE SET revision = excluded.revision, name = excluded.name, fields = excluded.fields
     WHERE profile_table.revision < excluded.revision
     RETURNING suffix`,
    [database.databaseId, revision, database.name, database.salt, JSON.stringify(database.fields)],
  );
  const suffix = rows[0]?.suffix;
  if (suffix === undefined) return null;
  await client.query(
    `UPDATE profile_table SET profile_view = format('%I.%I', current_schema(), $2::text) WHERE database_id = $1`,
    [database.databaseId, `profiles_v1_${String(suffix)}`],
  );
  return suffix;
}

async function build(client: Queryable, n: number, fields: readonly FieldRecord[]): Promise<void> {
  const suffix = String(n);
  await client.query(`
    CREATE TABLE IF NOT EXISTS p_${suffix} (
      profile_no integer PRIMARY KEY,
      external_id text COLLATE "C" NOT NULL UNIQUE
    );
    CREATE TABLE IF NOT EXISTS i_${suffix} (
      id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
      profile_no integer NOT NULL,
      kind text COLLATE "C" NOT NULL,
      entity text COLLATE "C",
      at timestamptz NOT NULL,
      value double precision,
      channel text COLLATE "C",
      campaign_id uuid,
      activity_id uuid,
      caller_id text COLLATE "C" UNIQUE
    );
    CREATE INDEX IF NOT EXISTS i_${suffix}_kind_at ON i_${suffix} (kind, at) INCLUDE (profile_no);
    CREATE INDEX IF NOT EXISTS i_${suffix}_profile ON i_${suffix} (profile_no, at);
    DROP VIEW IF EXISTS profiles_v1_${suffix};
  `);
  await fitColumns(client, `p_${suffix}`, fields);
  await publish(client, suffix, fields);
}

async function fitColumns(client: Queryable, table: string, fields: readonly FieldRecord[]): Promise<void> {
  const { rows } = await client.query<{ name: string }>(
    `SELECT attname AS name FROM pg_attribute WHERE attrelid = $1::regclass AND attnum > 0 AND NOT attisdropped`,
    [table],
  );
  const present = new Set(rows.map((row) => row.name));
  const wanted = new Set(['profile_no', 'external_id', 'updated_at', ...fields.map((field) => field.column)]);
  const changes = [
    ...[...present].filter((name) => !wanted.has(name)).map((name) => `DROP COLUMN ${escapeIdentifier(name)}`),
    ...fields.filter((field) => !present.has(field.column)).map((field) => addColumn(table, field)),
    ...(present.has('updated_at') ? [] : ['ADD COLUMN updated_at timestamptz NOT NULL DEFAULT now()']),
  ];
  if (changes.length > 0) await client.query(`ALTER TABLE ${table} ${changes.join(', ')}`);
}

/** Deferrable, so that one statement may let two profiles swap their values. */
function addColumn(table: string, field: FieldRecord): string {
  const column = `ADD COLUMN ${field.column} ${sqlType(field)}`;
  if (!field.unique) return column;
  return `${column}, ADD CONSTRAINT ${table}_${field.column}_unique UNIQUE (${field.column}) DEFERRABLE INITIALLY IMMEDIATE`;
}

/** What analysts read: columns named as the fields. */
async function publish(client: Queryable, suffix: string, fields: readonly FieldRecord[]): Promise<void> {
  const columns = fields.map((field) => `${field.column} AS ${escapeIdentifier(field.name)}`);
  await client.query(
    `CREATE VIEW profiles_v1_${suffix} AS SELECT ${['profile_no', 'external_id', ...columns].join(', ')} FROM p_${suffix}`,
  );
  const reader = roleOf('insights');
  const { rows } = await client.query(`SELECT FROM pg_roles WHERE rolname = ${escapeLiteral(reader)}`);
  if (rows.length > 0) await client.query(`GRANT SELECT ON profiles_v1_${suffix} TO ${escapeIdentifier(reader)}`);
}
