import { DomainError } from '@muster/kernel';
import { InjectPool } from '@muster/platform';
import type { Queryable } from '@muster/postgres';
import type { ProfileSchema, SelectionSource } from '@muster/segmentation';
import type { FieldRecord } from '@muster/segments-events';
import { Injectable } from '@nestjs/common';
import type { Pool } from 'pg';
import { TypedTables, type ProfileTable } from './typed-tables';

/** A profile with its attributes; missing values are left out. */
export interface ProfileRow {
  readonly profileNo: number;
  readonly externalId: string;
  readonly attributes: Readonly<Record<string, unknown>>;
}

/** The profiles of a database: who they are and what is known about them. */
@Injectable()
export class Profiles {
  constructor(
    @InjectPool('segments') private readonly pool: Pool,
    private readonly tables: TypedTables,
  ) {}

  /** Throws `DATABASE_NOT_FOUND`. */
  tableOf(databaseId: string): Promise<ProfileTable> {
    return this.tables.of(databaseId);
  }

  /** The fields of the database, as conditions are checked against. */
  async schema(databaseId: string): Promise<ProfileSchema> {
    const { fields } = await this.tables.of(databaseId);
    return { fields };
  }

  /** What `@muster/segmentation` needs to select from the database. */
  async selectionSource(databaseId: string, now: Date): Promise<SelectionSource> {
    const { table, fields, salt } = await this.tables.of(databaseId);
    const columns = new Map(fields.map((field) => [field.name, field.column]));
    const column = (name: string): string => {
      const found = columns.get(name);
      if (found === undefined) {
        throw new DomainError('FIELD_UNKNOWN', { detail: `The profile database has no field "${name}".` });
      }
      return found;
    };
    return { schema: { fields }, table: { table, column }, now, salt };
  }

  /** Those of the numbers that belong to a profile, ascending. */
  async exists(databaseId: string, numbers: Uint32Array): Promise<Uint32Array> {
    const { table } = await this.tables.of(databaseId);
    const { rows } = await this.pool.query<{ profile_no: number }>(
      `SELECT profile_no FROM ${table} WHERE profile_no = ANY ($1::integer[]) ORDER BY profile_no`,
      [[...numbers]],
    );
    return Uint32Array.from(rows, (row) => row.profile_no);
  }

  /** The profile number of each external id that is known. */
  async numbersOf(
    databaseId: string,
    externalIds: readonly string[],
    on: Queryable = this.pool,
  ): Promise<Map<string, number>> {
    const { table } = await this.tables.of(databaseId, on);
    return numbersIn(table, externalIds, on);
  }

  /** The external id of each number that belongs to a profile. */
  async externalIdsOf(databaseId: string, numbers: Iterable<number>): Promise<Map<number, string>> {
    const { table } = await this.tables.of(databaseId);
    const { rows } = await this.pool.query<{ profile_no: number; external_id: string }>(
      `SELECT profile_no, external_id FROM ${table} WHERE profile_no = ANY ($1::integer[])`,
      [[...numbers]],
    );
    return new Map(rows.map((row) => [row.profile_no, row.external_id]));
  }

  /** The profiles with these numbers, by number; those that are gone are left out. */
  async rows(databaseId: string, numbers: Iterable<number>, on: Queryable = this.pool): Promise<readonly ProfileRow[]> {
    const profileTable = await this.tables.of(databaseId, on);
    return this.read(profileTable, 'profile_no = ANY ($1::integer[]) ORDER BY profile_no', [[...numbers]], on);
  }

  /** The next profiles by number. */
  async page(databaseId: string, after: number, limit: number): Promise<readonly ProfileRow[]> {
    const profileTable = await this.tables.of(databaseId);
    return this.read(profileTable, 'profile_no > $1 ORDER BY profile_no LIMIT $2', [after, limit], this.pool);
  }

  /** Throws `PROFILE_NOT_FOUND`. */
  async byExternalId(databaseId: string, externalId: string): Promise<ProfileRow> {
    const profileTable = await this.tables.of(databaseId);
    const [row] = await this.read(profileTable, 'external_id = $1', [externalId], this.pool);
    if (!row) {
      throw new DomainError('PROFILE_NOT_FOUND', {
        detail: 'The profile database has no profile with this external id.',
      });
    }
    return row;
  }

  private async read(
    { table, fields }: ProfileTable,
    where: string,
    values: readonly unknown[],
    on: Queryable,
  ): Promise<readonly ProfileRow[]> {
    const { rows } = await on.query<{ profile_no: number; external_id: string; attributes: Record<string, unknown> }>(
      `SELECT profile_no, external_id, ${attributesSql(fields)} AS attributes FROM ${table} WHERE ${where}`,
      [...values],
    );
    return rows.map((row) => ({
      profileNo: row.profile_no,
      externalId: row.external_id,
      attributes: row.attributes,
    }));
  }
}

/** The profile number of each external id that is known in this table. */
export async function numbersIn(
  table: string,
  externalIds: readonly string[],
  on: Queryable,
): Promise<Map<string, number>> {
  const { rows } = await on.query<{ external_id: string; profile_no: number }>(
    `SELECT external_id, profile_no FROM ${table} WHERE external_id = ANY ($1::text[])`,
    [externalIds],
  );
  return new Map(rows.map((row) => [row.external_id, row.profile_no]));
}

/** At most so many arguments does a Postgres function take. */
const PAIRS_PER_OBJECT = 50;

/** Attributes by field name in the forms of `AttributeValue`. Field names are letters, digits and underscores. */
function attributesSql(fields: readonly FieldRecord[]): string {
  const parts: string[] = [];
  for (let i = 0; i < fields.length; i += PAIRS_PER_OBJECT) {
    const pairs = fields.slice(i, i + PAIRS_PER_OBJECT).map((field) => `'${field.name}', ${valueSql(field)}`);
    parts.push(`jsonb_build_object(${pairs.join(', ')})`);
  }
  return parts.length === 0 ? `'{}'::jsonb` : `jsonb_strip_nulls(${parts.join(' || ')})`;
}

/** The column as JSON shows it: instants in UTC with milliseconds, whatever the session's time zone. */
export function valueSql({ column, type }: FieldRecord): string {
  if (type !== 'datetime') return column;
  return `to_char(${column} AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.MS"Z"')`;
}
