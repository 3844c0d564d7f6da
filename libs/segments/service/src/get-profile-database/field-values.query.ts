import { DomainError } from '@muster/kernel';
import { InjectPool } from '@muster/platform';
import { withTransaction } from '@muster/postgres';
import { Injectable } from '@nestjs/common';
import type { Pool } from 'pg';
import { valueSql } from '../profiles/profiles';
import { TypedTables } from '../profiles/typed-tables';

export interface FieldValueCounts {
  readonly values: readonly { readonly value: unknown; readonly count: number }[];
  readonly more: boolean;
  readonly min: unknown;
  readonly max: unknown;
}

const MOST_VALUES = 100;
const TIMEOUT_MS = 10_000;
const ORDERED = ['integer', 'decimal', 'date', 'datetime'];

/** Which values a field has, and how many profiles have each. */
@Injectable()
export class FieldValues {
  constructor(
    @InjectPool('segments') private readonly pool: Pool,
    private readonly tables: TypedTables,
  ) {}

  /** Of a list: how many profiles have each item. Throws `FIELD_UNKNOWN`. */
  async of(databaseId: string, name: string): Promise<FieldValueCounts> {
    const { table, fields } = await this.tables.of(databaseId);
    const field = fields.find((known) => known.name === name);
    if (!field) throw new DomainError('FIELD_UNKNOWN', { detail: 'The profile database has no field of this name.' });
    const { column, type } = field;
    const counted =
      type === 'string[]'
        ? `SELECT item AS value, count(*)::int AS count FROM ${table} LEFT JOIN LATERAL unnest(${column}) item ON true`
        : `SELECT ${column} AS value, count(*)::int AS count FROM ${table}`;
    const shown = type === 'string[]' ? 'value' : valueSql({ ...field, column: 'value' });
    return withTransaction(this.pool, async (client) => {
      await client.query(`SET LOCAL statement_timeout = ${String(TIMEOUT_MS)}`);
      const found = await client.query<{ value: { v: unknown }; count: number }>(
        `SELECT jsonb_build_object('v', ${shown}) AS value, count
         FROM (${counted} GROUP BY 1 ORDER BY count(*) DESC, 1 LIMIT ${String(MOST_VALUES + 1)}) counts`,
      );
      const values = found.rows.slice(0, MOST_VALUES).map(({ value, count }) => ({ value: value.v, count }));
      const more = found.rows.length > MOST_VALUES;
      if (!ORDERED.includes(type)) return { values, more, min: null, max: null };
      const ends = await client.query<{ ends: { min: unknown; max: unknown } }>(
        `SELECT jsonb_build_object(
           'min', ${valueSql({ ...field, column: 'low' })}, 'max', ${valueSql({ ...field, column: 'high' })}) AS ends
         FROM (SELECT min(${column}) AS low, max(${column}) AS high FROM ${table}) e`,
      );
      return { values, more, min: ends.rows[0]?.ends.min ?? null, max: ends.rows[0]?.ends.max ?? null };
    });
  }
}
