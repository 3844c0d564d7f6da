import { copyIn } from '@muster/postgres';
import type { FieldRecord } from '@muster/segments-events';
import type { PoolClient } from 'pg';
import { escapeCopy, NULL_CELL } from '../profiles/copy-text';
import type { ProfileTable } from '../profiles/typed-tables';
import type { ImportRow, Rejection } from './batch';
import { cellOrNull } from './classify';

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
    const cells = row.cells.includes(undefined) ? row.cells.map(cellOrNull) : row.cells;
    const id = `${String(first + i)}\t${escapeCopy(row.externalId)}`;
    return cells.length === 0 ? id : `${id}\t${cells.join('\t')}`;
  });
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
  const masked = updates.some(({ row }) => row.cells.includes(undefined));
  const columns = fields.map((field) => field.column);
  await client.query(`CREATE TEMP TABLE staged ON COMMIT DROP AS
    SELECT profile_no, ${columns.join(', ')}, ''::text AS said FROM ${table} WITH NO DATA`);
  await copyRows(client, `staged (profile_no, ${columns.join(', ')}, said)`, updates, ({ row, profileNo }) => {
    const said = masked ? row.cells.map((cell) => (cell === undefined ? '0' : '1')).join('') : NULL_CELL;
    return `${String(profileNo)}\t${row.cells.map(cellOrNull).join('\t')}\t${said}`;
  });
  const now = (column: string, i: number): string =>
    masked ? `CASE substr(s.said, ${String(i + 1)}, 1) WHEN '1' THEN s.${column} ELSE p.${column} END` : `s.${column}`;
  const differs = `(${columns.map((c) => `p.${c}`).join(', ')}) IS DISTINCT FROM (${columns.map(now).join(', ')})`;
  const changes = fields.map(
    (field, i) => `('${field.name}', to_jsonb(p.${field.column}), to_jsonb(${now(field.column, i)}))`,
  );
  await client.query(
    `INSERT INTO attribute_change (database_id, profile_no, at, field, old, new, source)
     SELECT $1::uuid, p.profile_no, $2::timestamptz, c.field, c.old, c.new, $3::text
     FROM staged s JOIN ${table} p USING (profile_no)
       CROSS JOIN LATERAL (VALUES ${changes.join(', ')}) c(field, old, new)
     WHERE ${differs} AND c.old IS DISTINCT FROM c.new
     ORDER BY p.profile_no, c.field`,
    [notes.databaseId, notes.at, notes.source],
  );
  const sets = columns.map((column, i) => `${column} = ${now(column, i)}`);
  const { rowCount } = await client.query(
    `UPDATE ${table} p SET ${sets.join(', ')}, updated_at = now()
     FROM staged s WHERE p.profile_no = s.profile_no AND ${differs}`,
  );
  await client.query('DROP TABLE staged');
  return rowCount ?? 0;
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
