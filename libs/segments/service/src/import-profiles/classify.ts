import { UNSAID, type ImportRow, type Rejection } from './batch';
import type { ImportMode } from './layout';
import type { UniqueValues } from './unique-values';

/** What becomes of the rows of a batch. */
export interface Classified {
  /** Profiles that are not known yet. */
  readonly inserts: readonly ImportRow[];
  /** Profiles that are known, with their numbers. */
  readonly updates: readonly { readonly row: ImportRow; readonly profileNo: number }[];
  readonly rejections: readonly Rejection[];
  /** Accepted rows that a later row of the batch overrules: they change nothing. */
  readonly overruled: number;
}

/**
 * Decides row by row, in the order of the file, as if each were written before the next is looked at; a later row for
 * the same profile then lies over the earlier one, so that each profile is written once.
 */
export function classify(
  rows: readonly ImportRow[],
  mode: ImportMode,
  known: ReadonlyMap<string, number>,
  uniques: UniqueValues,
): Classified {
  const written = new Map<string, ImportRow>();
  const rejections: Rejection[] = [];
  let overruled = 0;
  for (const row of rows) {
    const earlier = written.get(row.externalId);
    const exists = earlier !== undefined || known.has(row.externalId);
    const refusal = refusalOf(row, mode, exists) ?? uniques.refusalOf(row);
    if (refusal) {
      rejections.push({ rowNo: row.rowNo, line: row.line, next: row.next, ...refusal });
      continue;
    }
    uniques.take(row);
    if (earlier) overruled++;
    written.set(row.externalId, earlier ? overlaid(earlier, row) : row);
  }
  const inserts: ImportRow[] = [];
  const updates: { row: ImportRow; profileNo: number }[] = [];
  for (const row of written.values()) {
    const profileNo = known.get(row.externalId);
    if (profileNo === undefined) inserts.push(row);
    else updates.push({ row, profileNo });
  }
  return { inserts, updates, rejections, overruled };
}

function refusalOf(
  row: ImportRow,
  mode: ImportMode,
  exists: boolean,
): Pick<Rejection, 'column' | 'value' | 'reason'> | null {
  if (exists && mode === 'insert') {
    return { column: null, value: row.externalId, reason: 'a profile with this external id exists already' };
  }
  if (!exists && mode === 'update') {
    return { column: null, value: row.externalId, reason: 'there is no profile with this external id' };
  }
  if (!exists && row.lacks !== undefined) return { column: row.lacks, value: null, reason: 'is required' };
  return null;
}

/** What the later row does not say stays as the earlier one said. */
function overlaid(earlier: ImportRow, later: ImportRow): ImportRow {
  if (!later.partial) return later;
  const before = earlier.text.split('\t');
  const cells = later.text.split('\t').map((cell, i) => (cell === UNSAID ? (before[i] ?? UNSAID) : cell));
  return { ...later, text: cells.join('\t'), partial: cells.includes(UNSAID) };
}
