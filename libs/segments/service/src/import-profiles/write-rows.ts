import { copyIn } from '@muster/postgres';
import type { FieldRecord } from '@muster/segments-events';
import type { PoolClient } from 'pg';
import { escapeCopy, NULL_CELL } from '../profiles/copy-text';
import type { ProfileTable } from '../profiles/typed-tables';
import { UNSAID, type ImportRow, type Rejection } from './batch';

const CHUNK_CHARACTERS = 64 * 1024;

/** Lines of COPY's text format in pieces of some 64 kB. */
export function* copyLines<T>(items: readonly T[], line: (item: T, index: number) => string): Generator<Buffer> {
  let text = '';
  for (let i = 0; i < items.length; i++) {
    text += line(items[i] as T, i) + '\n';
    if (text.length < CHUNK_CHARACTERS) continue;
    yield Buffer.from(text);
    text = '';
  }
  if (text !== '') yield Buffer.from(text);
}

async function copyRows<T>(
  client: PoolClient,
  target: string,
  items: readonly T[],
  line: (item: T, index: number) => string,
): Promise<void> {
  async function* source(): AsyncGenerator<Buffer> {
    yield* copyLines(items, line);
  }
  await copyIn(client, `COPY ${target} FROM STDIN`, source());
}

/** New profiles with the numbers from `first` on. */
export async function insertProfiles(
  client: PoolClient,
  { table }: ProfileTable,
  fields: readonly FieldRecord[],
  rows: readonly ImportRow[],
  first: number,
): Promise<void> {
  const columns = ['profile_no', 'external_id', ...fields.map((field) => field.column)].join(', ');
  await copyRows(client, `${table} (${columns})`, rows, (row, i) => {
    const id = `${String(first + i)}\t${escapeCopy(row.externalId)}`;
    return fields.length === 0 ? id : `${id}\t${row.partial ? withNulls(row) : row.text}`;
  });
}

/** What a row does not say of a profile that is made is missing. */
function withNulls(row: ImportRow): string {
  return row.text
    .split('\t')
    .map((cell) => (cell === UNSAID ? NULL_CELL : cell))
    .join('\t');
}

export interface UpdateNotes {
  readonly databaseId: string;
  readonly at: Date;
  /** What changed the attributes: `import <id>`. */
  readonly source: string;
}

/**
 * Writes the values that differ, and what they were before, for profiles that are known. Returns how many changed.
 * One statement each, whatever the number of rows.
 */
export async function updateProfiles(
  client: PoolClient,
  { table }: ProfileTable,
  fields: readonly FieldRecord[],
  updates: readonly { readonly row: ImportRow; readonly profileNo: number }[],
  notes: UpdateNotes,
): Promise<number> {
  if (updates.length === 0 || fields.length === 0) return 0;
  const masked = updates.some(({ row }) => row.partial);
  const columns = fields.map((field) => field.column);
  await client.query(`CREATE TEMP TABLE staged ON COMMIT DROP AS
    SELECT profile_no, ${columns.join(', ')}, ''::text AS said FROM ${table} WITH NO DATA`);
  await copyRows(client, `staged (profile_no, ${columns.join(', ')}, said)`, updates, ({ row, profileNo }) =>
    row.partial
      ? `${String(profileNo)}\t${withNulls(row)}\t${saidBy(row)}`
      : `${String(profileNo)}\t${row.text}\t${NULL_CELL}`,
  );
  const now = (column: string, i: number): string =>
    masked ? `CASE substr(s.said, ${String(i + 1)}, 1) WHEN '0' THEN p.${column} ELSE s.${column} END` : `s.${column}`;
  const { rowCount } = await client.query(
    `CREATE TEMP TABLE changed ON COMMIT DROP AS
     SELECT p.profile_no, ${columns.map((column, i) => `${now(column, i)} AS ${column}`).join(', ')}
     FROM staged s JOIN ${table} p USING (profile_no)
     WHERE (${columns.map((column) => `p.${column}`).join(', ')}) IS DISTINCT FROM (${columns.map(now).join(', ')})`,
  );
  if (rowCount) await applyChanges(client, table, fields, notes);
  await client.query('DROP TABLE staged, changed');
  return rowCount ?? 0;
}

/** By column: `0` where the row says nothing. */
function saidBy(row: ImportRow): string {
  return row.text
    .split('\t')
    .map((cell) => (cell === UNSAID ? '0' : '1'))
    .join('');
}

async function applyChanges(
  client: PoolClient,
  table: string,
  fields: readonly FieldRecord[],
  { databaseId, at, source }: UpdateNotes,
): Promise<void> {
  const pairs = fields.map(({ name, column }) => `('${name}', to_jsonb(p.${column}), to_jsonb(c.${column}))`);
  await client.query(
    `INSERT INTO attribute_change (database_id, profile_no, at, field, old, new, source)
     SELECT $1::uuid, p.profile_no, $2::timestamptz, v.field, v.old, v.new, $3::text
     FROM changed c JOIN ${table} p USING (profile_no) CROSS JOIN LATERAL (VALUES ${pairs.join(', ')}) v(field, old, new)
     WHERE v.old IS DISTINCT FROM v.new`,
    [databaseId, at, source],
  );
  const sets = fields.map(({ column }) => `${column} = c.${column}`);
  await client.query(
    `UPDATE ${table} p SET ${sets.join(', ')}, updated_at = now() FROM changed c WHERE p.profile_no = c.profile_no`,
  );
}

export async function writeRejections(
  client: PoolClient,
  importId: string,
  rejections: readonly Rejection[],
): Promise<void> {
  if (rejections.length === 0) return;
  const cell = (text: string | null): string => (text === null ? NULL_CELL : escapeCopy(text));
  const columns = 'import_id, row_no, line, column_name, value, reason';
  await copyRows(client, `import_rejection (${columns})`, rejections, (item) =>
    [importId, item.rowNo, item.line, cell(item.column), cell(item.value), cell(item.reason)].join('\t'),
  );
}
