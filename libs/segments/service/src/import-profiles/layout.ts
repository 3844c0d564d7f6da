import { DomainError, type FieldProblem } from '@muster/kernel';
import type { FieldRecord } from '@muster/segments-events';
import { CsvReader } from './csv-reader';
import type { FilePlace } from './rows';

export type ImportMode = 'insert' | 'update' | 'upsert';

/** How the caller wants the file to be read. */
export interface ImportOptions {
  readonly mode: ImportMode;
  readonly format: 'auto' | 'csv' | 'ndjson';
  readonly delimiter: 'auto' | ',' | ';' | '\t' | '|';
  /** The column with the external id; `null`: the number of the row is the external id. */
  readonly externalId: string | null;
  /** Pairs of column and field; columns that are not named are passed over. `null`: columns are named as their fields. */
  readonly columns: readonly (readonly [column: string, field: string])[] | null;
}

/** What a column holds: the external id, a field, or (`null`) nothing that is wanted. */
export type ColumnRole = 'externalId' | { readonly field: string } | null;

/** What was found out about a file from its head and the options: enough to read it from any place on. */
export type Layout =
  | {
      readonly format: 'csv';
      readonly delimiter: string;
      /** By index of the column. */
      readonly roles: readonly ColumnRole[];
      readonly names: readonly string[];
      readonly start: FilePlace;
    }
  | {
      readonly format: 'ndjson';
      /** By member. */
      readonly roles: Readonly<Record<string, ColumnRole>>;
      /** A member that is not in `roles` is a fault. */
      readonly strict: boolean;
      readonly start: FilePlace;
    };

/** What of a file is looked at to find its layout. */
export const HEAD_BYTES = 1024 * 1024;

const BOM = Buffer.from([0xef, 0xbb, 0xbf]);
const UTF16 = [Buffer.from([0xff, 0xfe]), Buffer.from([0xfe, 0xff])];
const OPEN_BRACE = 123;

/**
 * Finds the layout. `head`: the first {@link HEAD_BYTES} of the file, or all of it (`complete`). Throws `IMPORT_INVALID`
 * naming every column that is missing, unknown or there twice.
 */
export function layoutOf(
  head: Buffer,
  complete: boolean,
  options: ImportOptions,
  fields: readonly FieldRecord[],
): Layout {
  if (UTF16.some((bom) => head.subarray(0, 2).equals(bom))) {
    throw invalid('The file is UTF-16; save it as UTF-8.');
  }
  const bom = head.subarray(0, BOM.length).equals(BOM) ? BOM.length : 0;
  const start: FilePlace = { offset: bom, line: 1 };
  const first = head.subarray(bom).find((byte) => byte > 32);
  if (first === undefined) {
    throw invalid(complete ? 'The file is empty.' : 'The file has nothing but blanks in its first megabyte.');
  }
  const format = options.format === 'auto' ? (first === OPEN_BRACE ? 'ndjson' : 'csv') : options.format;
  return format === 'ndjson'
    ? ndjsonLayout(start, options, fields)
    : csvLayout(head.subarray(bom), complete, start, options, fields);
}

function ndjsonLayout(start: FilePlace, options: ImportOptions, fields: readonly FieldRecord[]): Layout {
  const errors = mappingProblems(options, fields);
  if (errors.length > 0) throw invalid('The columns do not fit the fields of the profile database.', errors);
  const roles: Record<string, ColumnRole> = Object.create(null) as Record<string, ColumnRole>;
  for (const [column, field] of options.columns ?? fields.map(({ name }) => [name, name] as const)) {
    roles[column] = { field };
  }
  if (options.externalId !== null) roles[options.externalId] = 'externalId';
  return { format: 'ndjson', roles: { ...roles }, strict: options.columns === null, start };
}

function csvLayout(
  head: Buffer,
  complete: boolean,
  start: FilePlace,
  options: ImportOptions,
  fields: readonly FieldRecord[],
): Layout {
  const candidates = options.delimiter === 'auto' ? [',', ';', '\t', '|'] : [options.delimiter];
  const headers = candidates.flatMap((delimiter) => {
    const header = headerOf(head, complete, delimiter, start);
    return header === undefined ? [] : [{ delimiter, ...header }];
  });
  const wanted = new Set([
    ...(options.columns?.map(([column]) => column) ?? fields.map(({ name }) => name)),
    ...(options.externalId === null ? [] : [options.externalId]),
  ]);
  const known = (names: readonly string[]): number => names.filter((name) => wanted.has(name)).length;
  const best = headers.sort((a, b) => known(b.names) - known(a.names) || b.names.length - a.names.length)[0];
  if (!best) throw invalid('The file has no header that can be read: it is no CSV in UTF-8.');
  const errors = [...mappingProblems(options, fields), ...headerProblems(best.names, options, fields)];
  if (errors.length > 0) throw invalid('The columns do not fit the fields of the profile database.', errors);
  return {
    format: 'csv',
    delimiter: best.delimiter,
    names: best.names,
    roles: best.names.map((name) => roleOf(name, options)),
    start: best.start,
  };
}

function headerOf(
  head: Buffer,
  complete: boolean,
  delimiter: string,
  from: FilePlace,
): { names: readonly string[]; start: FilePlace } | undefined {
  const header: { rows: number; names?: readonly string[]; start: FilePlace } = { rows: 0, start: from };
  const reader = new CsvReader(
    delimiter,
    {
      row(cells, _line, next) {
        if (header.rows++ > 0) return;
        header.names = cells.map((cell) => cell.trim());
        header.start = next;
      },
      fault: () => header.rows++,
    },
    from,
  );
  reader.push(head);
  if (complete) reader.finish();
  const { names, start } = header;
  return names?.some(isBinary) === false ? { names, start } : undefined;
}

/** Control characters are what tells a picture from a table. */
function isBinary(text: string): boolean {
  return Array.from(text).some((char) => char < ' ' && !['\t', '\n', '\r'].includes(char));
}

function roleOf(name: string, options: ImportOptions): ColumnRole {
  if (name === options.externalId) return 'externalId';
  if (options.columns === null) return { field: name };
  const pair = options.columns.find(([column]) => column === name);
  return pair ? { field: pair[1] } : null;
}

function headerProblems(
  names: readonly string[],
  options: ImportOptions,
  fields: readonly FieldRecord[],
): FieldProblem[] {
  const problems: FieldProblem[] = [];
  const problem = (name: string, message: string): void => {
    problems.push({ path: '', message: `column "${name.slice(0, 100)}" ${message}` });
  };
  const roles = names.map((name) => roleOf(name, options));
  names.forEach((name, i) => {
    if (roles[i] === null) return;
    if (names.indexOf(name) !== i) problem(name, 'is there twice');
    else if (roles[i] !== 'externalId' && options.columns === null && !fields.some((field) => field.name === name)) {
      problem(name, 'is no field of the profile database');
    }
  });
  const missing = (options.columns ?? []).map(([column]) => column).filter((column) => !names.includes(column));
  if (options.externalId !== null && !names.includes(options.externalId)) missing.push(options.externalId);
  for (const column of missing) problem(column, 'is missing');
  if (options.mode !== 'update') {
    const given = new Set(roles.map((role) => (role !== null && role !== 'externalId' ? role.field : undefined)));
    for (const field of fields) {
      if (field.required && !given.has(field.name)) problem(field.name, 'is missing and its field is required');
    }
  }
  return problems;
}

function mappingProblems(options: ImportOptions, fields: readonly FieldRecord[]): FieldProblem[] {
  const seen = new Set<string>();
  return (options.columns ?? []).flatMap(([column, field]) => {
    const twice = seen.has(field) || seen.has(`=${column}`);
    seen.add(field).add(`=${column}`);
    if (twice) return [{ path: '', message: `columns: "${column}=${field}" names a column or a field twice` }];
    return fields.some((known) => known.name === field)
      ? []
      : [{ path: '', message: `columns: "${field}" is no field of the profile database` }];
  });
}

function invalid(detail: string, errors?: readonly FieldProblem[]): DomainError {
  return new DomainError('IMPORT_INVALID', { detail, ...(errors && { errors }) });
}
