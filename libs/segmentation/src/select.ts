import { compileSql, quoted } from './compile-condition';
import { permutationKey } from './permutation';
import { permutationSql } from './permutation-sql';
import type { Range, Selection, SelectionSource, SqlText } from './selection';

const whole: Range = { from: 0, to: 10_000 };

/** The profile numbers of a selection, ascending: one column `profile_no`. */
export function selectSql(selection: Selection, source: SelectionSource): SqlText {
  const { text, values } = chosen(selection, source);
  return { text: `SELECT n AS profile_no FROM (${text}) AS s ORDER BY n`, values };
}

/**
 * The profile numbers of a selection in no order, as one value: one row, one column `numbers` (bytea), four bytes each,
 * big endian. Much cheaper than a row for each number, and Postgres may evaluate it in parallel. Up to 250 million
 * numbers (a value has 1 GB at most).
 */
export function packedSql(selection: Selection, source: SelectionSource): SqlText {
  const { text, values } = chosen(selection, source);
  const numbers = `string_agg(int4send(n::int4), ''::bytea)`;
  return { text: `SELECT coalesce(${numbers}, ''::bytea) AS numbers FROM (${text}) AS s`, values };
}

/** How many profiles a selection has: one row, one column `count` (bigint). */
export function countSql(selection: Selection, source: SelectionSource): SqlText {
  const { text, values } = matching(selection, source);
  const limit = limitOf(selection);
  const count = limit === undefined ? 'count(*)' : `least(count(*), ${limit}::bigint)`;
  return { text: `SELECT ${count} AS count FROM (${text}) AS s`, values };
}

/** The first profile numbers of a selection, ascending; `rows` from 1, default 100. */
export function previewSql(selection: Selection, source: SelectionSource, rows = 100): SqlText {
  if (!Number.isSafeInteger(rows) || rows < 1) throw new RangeError('rows must be a whole number from 1');
  const { text, values } = selectSql(selection, source);
  return { text: `${text} LIMIT ${rows}`, values };
}

function limitOf(selection: Selection): number | undefined {
  const limit = selection.limit ?? undefined;
  if (limit !== undefined && (!Number.isSafeInteger(limit) || limit < 1)) {
    throw new RangeError('limit must be a whole number from 1');
  }
  return limit;
}

function rangeOf(selection: Selection): Range {
  const range = selection.range ?? whole;
  const { from, to } = range;
  if (!Number.isInteger(from) || !Number.isInteger(to) || from < 0 || from >= to || to > whole.to) {
    throw new RangeError('range must be whole hundredths of a percent with 0 <= from < to <= 10000');
  }
  return range;
}

/** Condition and range: rows of `n`. */
function matching(selection: Selection, source: SelectionSource): SqlText {
  const { table, profileNo = 'profile_no', column } = source.table;
  if (/\$\d/.test(table)) throw new TypeError('the name of a table cannot look like a parameter');
  const compiled = selection.condition
    ? compileSql(selection.condition, { schema: source.schema, column, now: source.now })
    : undefined;
  const where = compiled ? ` WHERE ${compiled.where}` : '';
  const text = `SELECT ${quoted(profileNo)} AS n FROM ${table}${where}`;
  const values = compiled?.parameters ?? [];
  const { from, to } = rangeOf(selection);
  if (from === whole.from && to === whole.to) return { text, values };
  const ranked = permutationSql(text, permutationKey('range', source.salt));
  return { text: `SELECT n FROM (${ranked}) AS r WHERE h >= ${threshold(from)} AND h < ${threshold(to)}`, values };
}

/** The first permuted number whose place is not below `hundredths`. */
function threshold(hundredths: number): number {
  return Math.ceil((hundredths * 2 ** 32) / whole.to);
}

function chosen(selection: Selection, source: SelectionSource): SqlText {
  const { text, values } = matching(selection, source);
  const limit = limitOf(selection);
  if (limit === undefined) return { text, values };
  const ranked = permutationSql(text, permutationKey('limit', source.salt));
  return { text: `SELECT n FROM (${ranked}) AS l ORDER BY h LIMIT ${limit}`, values };
}
