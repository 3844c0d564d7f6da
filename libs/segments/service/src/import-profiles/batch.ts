import type { FieldRecord } from '@muster/segments-events';
import { externalIdProblem } from '../profiles/external-id';
import { cellReader, jsonReader, Refused } from '../profiles/copy-text';
import { CsvReader } from './csv-reader';
import type { Layout } from './layout';
import { NdjsonReader, type JsonRow } from './ndjson-reader';
import type { FilePlace, RowReader, RowSink } from './rows';

/**
 * A row that meets the schema. One text for all its cells: a batch lives long enough to be expensive to collect, and so
 * it is few objects, none of which keeps a piece of the file alive.
 */
export interface ImportRow {
  /** From 1, counting every row of the file. */
  readonly rowNo: number;
  readonly line: number;
  /** Where the file goes on after the row. */
  readonly next: FilePlace;
  readonly externalId: string;
  /** By column of the import, in the text format of COPY with tabs between; {@link UNSAID} where the row says nothing. */
  readonly text: string;
  /** Some cell is {@link UNSAID}: it stays as it is. */
  readonly partial: boolean;
  /** A required field that the row does not say: it can update a profile and not make one. */
  readonly lacks?: string;
}

/** Stands for a cell that a row says nothing about; no value looks like this in the text format of COPY. */
export const UNSAID = '\\?';

/** A row that was not taken, and why. */
export interface Rejection {
  readonly rowNo: number;
  readonly line: number;
  readonly next: FilePlace;
  readonly column: string | null;
  /** Cut to 200 characters. */
  readonly value: string | null;
  readonly reason: string;
}

/** Rows that are written in one transaction. */
export interface Batch {
  readonly rows: readonly ImportRow[];
  readonly rejections: readonly Rejection[];
  /** Rows of the file before this batch. */
  readonly rowsBefore: number;
  readonly rowsRead: number;
  /** Where the file goes on. */
  readonly next: FilePlace;
}

/** Rows of one transaction: large enough that its fixed costs vanish, small enough for memory. */
export const BATCH_ROWS = 25_000;
const BATCH_BYTES = 8 * 1024 * 1024;
const LONGEST_SHOWN = 200;

/** The fields that a file sets, in the order of `ImportRow.cells`. */
export function importedFields(layout: Layout, fields: readonly FieldRecord[]): readonly FieldRecord[] {
  const roles = layout.format === 'csv' ? layout.roles : Object.values(layout.roles);
  const names = new Set(roles.map((role) => (role !== null && role !== 'externalId' ? role.field : undefined)));
  return fields.filter((field) => names.has(field.name));
}

/**
 * Reads a file into batches. Where they end depends on the file alone, so an import that was killed and goes on at a
 * batch's end cuts the same ones.
 */
export class BatchReader {
  private readonly reader: RowReader;
  private readonly ready: Batch[] = [];
  private rows: ImportRow[] = [];
  private rejections: Rejection[] = [];
  private rowsBefore: number;
  private rowsRead: number;
  private batchStart: number;
  private place: FilePlace;

  constructor(
    layout: Layout,
    fields: readonly FieldRecord[],
    from: FilePlace & { readonly rows: number },
    private readonly batchRows = BATCH_ROWS,
  ) {
    this.rowsBefore = this.rowsRead = from.rows;
    this.place = from;
    this.batchStart = from.offset;
    const imported = importedFields(layout, fields);
    this.reader =
      layout.format === 'csv'
        ? new CsvReader(layout.delimiter, this.sink(new CellsToRow(layout, imported)), from)
        : new NdjsonReader(this.sink(new JsonToRow(layout, imported)), from);
  }

  /** The batches that these bytes complete. */
  push(bytes: Buffer): Batch[] {
    this.reader.push(bytes);
    return this.ready.splice(0);
  }

  /** The last batches; none for a file without further rows. */
  finish(): Batch[] {
    this.reader.finish();
    if (this.rowsRead > this.rowsBefore) this.cut();
    return this.ready.splice(0);
  }

  private sink<Raw>(rows: ToRow<Raw>): RowSink<Raw> {
    return {
      row: (raw, line, next) => {
        const rowNo = ++this.rowsRead;
        const row = rows.read(raw, rowNo, line, next);
        if ('text' in row) this.rows.push(row);
        else this.rejections.push(row);
        this.passed(next);
      },
      fault: (reason, line, next, value) => {
        const rowNo = ++this.rowsRead;
        this.rejections.push({ rowNo, line, next, column: null, value: shown(value), reason });
        this.passed(next);
      },
    };
  }

  private passed(next: FilePlace): void {
    this.place = next;
    if (this.rowsRead - this.rowsBefore >= this.batchRows || next.offset - this.batchStart >= BATCH_BYTES) this.cut();
  }

  private cut(): void {
    const { rows, rejections, rowsBefore, rowsRead } = this;
    this.ready.push({ rows, rejections, rowsBefore, rowsRead, next: this.place });
    this.rows = [];
    this.rejections = [];
    this.rowsBefore = rowsRead;
    this.batchStart = this.place.offset;
  }
}

interface ToRow<Raw> {
  read(raw: Raw, rowNo: number, line: number, next: FilePlace): ImportRow | Rejection;
}

class CellsToRow implements ToRow<string[]> {
  /** By column of the file: the place in `ImportRow.cells` and the way there. */
  private readonly targets: readonly { at: number; read: (text: string) => string | Refused }[];
  private readonly sources: readonly number[];
  private readonly idColumn: number;
  /** Of the row at hand. Joining makes one flat text, where `+` would keep every cell. */
  private readonly cells: string[];

  constructor(
    private readonly layout: Extract<Layout, { format: 'csv' }>,
    fields: readonly FieldRecord[],
  ) {
    this.idColumn = layout.roles.indexOf('externalId');
    this.sources = fields.map((field) =>
      layout.roles.findIndex((role) => role !== null && role !== 'externalId' && role.field === field.name),
    );
    this.targets = fields.map((field, at) => ({ at, read: cellReader(field) }));
    this.cells = new Array<string>(fields.length).fill('');
  }

  read(raw: string[], rowNo: number, line: number, next: FilePlace): ImportRow | Rejection {
    const { names } = this.layout;
    if (raw.length !== names.length) {
      const reason = `the row has ${String(raw.length)} columns, the header has ${String(names.length)}`;
      return { rowNo, line, next, column: null, value: null, reason };
    }
    const externalId = this.idColumn < 0 ? String(rowNo) : (raw[this.idColumn] ?? '');
    const fault = externalIdProblem(externalId);
    if (fault) return this.rejection(rowNo, line, next, this.idColumn, externalId, fault);
    const { cells } = this;
    for (const { at, read } of this.targets) {
      const source = this.sources[at] ?? -1;
      const text = raw[source] ?? '';
      const cell = read(text);
      if (typeof cell !== 'string') return this.rejection(rowNo, line, next, source, text, cell);
      cells[at] = cell;
    }
    return { rowNo, line, next, externalId, text: cells.join('\t'), partial: false };
  }

  private rejection(
    rowNo: number,
    line: number,
    next: FilePlace,
    column: number,
    value: string,
    { reason }: Refused,
  ): Rejection {
    return { rowNo, line, next, column: this.layout.names[column] ?? null, value: shown(value), reason };
  }
}

class JsonToRow implements ToRow<JsonRow> {
  private readonly at = new Map<string, number>();
  private readonly readers: readonly ((json: unknown) => string | Refused)[];
  private readonly roles: ReadonlyMap<string, 'externalId' | { readonly field: string } | null>;
  private readonly required: readonly string[];
  private readonly byRowNumber: boolean;

  constructor(
    private readonly layout: Extract<Layout, { format: 'ndjson' }>,
    private readonly fields: readonly FieldRecord[],
  ) {
    fields.forEach((field, i) => this.at.set(field.name, i));
    this.readers = fields.map((field) => jsonReader(field));
    this.roles = new Map(Object.entries(layout.roles));
    this.required = fields.filter((field) => field.required).map((field) => field.name);
    this.byRowNumber = ![...this.roles.values()].includes('externalId');
  }

  read(raw: JsonRow, rowNo: number, line: number, next: FilePlace): ImportRow | Rejection {
    const cells = new Array<string>(this.fields.length).fill(UNSAID);
    let externalId = this.byRowNumber ? String(rowNo) : '';
    const reject = (column: string | null, json: unknown, reason: string): Rejection => ({
      rowNo,
      line,
      next,
      column: column === null ? null : column.slice(0, LONGEST_SHOWN),
      value: json === undefined ? null : shown(typeof json === 'string' ? json : JSON.stringify(json)),
      reason,
    });
    for (const [member, json] of Object.entries(raw)) {
      const role = this.roles.get(member);
      if (role === undefined && this.layout.strict)
        return reject(member, undefined, 'is no field of the profile database');
      if (role === undefined || role === null) continue;
      if (role === 'externalId') {
        externalId = typeof json === 'string' ? json : Number.isSafeInteger(json) ? String(json) : '';
        continue;
      }
      const at = this.at.get(role.field) ?? -1;
      const cell = this.readers[at]?.(json) ?? new Refused('is no field of the profile database');
      if (typeof cell !== 'string') return reject(member, json, cell.reason);
      cells[at] = cell;
    }
    const fault = externalIdProblem(externalId);
    if (fault) return reject(null, externalId === '' ? undefined : externalId, fault.reason);
    const lacks = this.required.find((name) => cells[this.at.get(name) ?? -1] === UNSAID);
    const text = cells.join('\t');
    return {
      rowNo,
      line,
      next,
      externalId,
      text,
      partial: cells.includes(UNSAID),
      ...(lacks !== undefined && { lacks }),
    };
  }
}

/** Cut to what a table can show, and to what Postgres stores: no NUL, no half of a surrogate pair. */
function shown(value: string | undefined): string | null {
  if (value === undefined) return null;
  return value
    .slice(0, LONGEST_SHOWN)
    .replaceAll('\0', '\ufffd')
    .replace(/\p{Surrogate}/gu, '\ufffd');
}
