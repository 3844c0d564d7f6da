import type { Queryable } from '@muster/postgres';
import { sqlType } from '@muster/segmentation';
import type { FieldRecord } from '@muster/segments-events';
import { NULL_CELL, unescapeCopy } from '../profiles/copy-text';
import { UNSAID, type ImportRow, type Rejection } from './batch';

/** Who holds which value of one unique field, as far as a batch is concerned. */
interface Holders {
  readonly field: FieldRecord;
  /** The place of its cell in a row. */
  readonly at: number;
  /** External id by value. */
  readonly holder: Map<string, string>;
  /** Value by external id. */
  readonly held: Map<string, string>;
}

/** Tells whether a row's values of unique fields are free, given everything before it. */
export class UniqueValues {
  private constructor(private readonly fields: readonly Holders[]) {}

  /** Knows the holders of every value that stands in these rows. */
  static async load(
    on: Queryable,
    table: string,
    fields: readonly FieldRecord[],
    rows: readonly ImportRow[],
  ): Promise<UniqueValues> {
    const loaded: Holders[] = [];
    for (const [at, field] of fields.entries()) {
      if (!field.unique) continue;
      const values = [...new Set(rows.flatMap((row) => valueAt(row, at) ?? []))];
      const found = await on.query<{ ord: string; external_id: string }>(
        `SELECT v.ord, p.external_id FROM unnest($1::text[]) WITH ORDINALITY v(text, ord)
         JOIN ${table} p ON p.${field.column} = v.text::${sqlType(field)}`,
        [values.map(unescapeCopy)],
      );
      const holder = new Map(found.rows.map((row) => [values[Number(row.ord) - 1] ?? '', row.external_id]));
      const held = new Map([...holder].map(([value, externalId]) => [externalId, value]));
      loaded.push({ field, at, holder, held });
    }
    return new UniqueValues(loaded);
  }

  refusalOf(row: ImportRow): Pick<Rejection, 'column' | 'value' | 'reason'> | null {
    for (const { field, at, holder } of this.fields) {
      const value = valueAt(row, at);
      if (value === undefined) continue;
      const other = holder.get(value);
      if (other !== undefined && other !== row.externalId) {
        return {
          column: field.name,
          value: unescapeCopy(value).slice(0, 200),
          reason: 'another profile has this value',
        };
      }
    }
    return null;
  }

  /** The row is accepted: its profile holds its values now, and none of those it held before. */
  take(row: ImportRow): void {
    for (const { at, holder, held } of this.fields) {
      if (cellAt(row, at) === UNSAID) continue;
      const before = held.get(row.externalId);
      if (before !== undefined) holder.delete(before);
      held.delete(row.externalId);
      const value = valueAt(row, at);
      if (value === undefined) continue;
      holder.set(value, row.externalId);
      held.set(row.externalId, value);
    }
  }
}

function cellAt(row: ImportRow, at: number): string {
  return row.text.split('\t', at + 1)[at] ?? UNSAID;
}

function valueAt(row: ImportRow, at: number): string | undefined {
  const cell = cellAt(row, at);
  return cell === NULL_CELL || cell === UNSAID ? undefined : cell;
}
