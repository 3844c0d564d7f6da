import { MAX_CELL_BYTES, MAX_COLUMNS, MAX_ROW_BYTES, type FilePlace, type RowReader, type RowSink } from './rows';
import { textOf } from './utf8';

const QUOTE = 34;
const LF = 10;
const CR = 13;

const reasons = {
  openQuote: 'a quote is not closed',
  afterQuote: 'there is text after a closing quote',
  utf8: 'is not UTF-8',
  cell: 'a cell is larger than 1 MiB',
  row: 'the row is larger than 4 MiB',
  columns: `the row has more than ${String(MAX_COLUMNS)} columns`,
} as const;

/** The row is not all there yet. */
const MORE = -1;

/**
 * Reads CSV after RFC 4180: quoted cells with delimiters, line breaks and doubled quotes; LF, CRLF or CR end a row; a
 * quote inside an unquoted cell is text. Empty lines are no rows. A row that cannot be read costs that row only: reading
 * goes on at the next line, also behind a quote that is never closed.
 */
export class CsvReader implements RowReader {
  /** What was not consumed yet, one character per byte. */
  private text = '';
  /** Offset in the file of `text[0]`. */
  private offset: number;
  private line: number;
  /** The rest of a line is thrown away that was faulted before its end was seen. */
  private skipping = false;
  /** Where the faulted row began. */
  private faultLine = 0;
  private cells: string[] = [];
  /** What is wrong with the row at hand, and where its line goes on. */
  private problem: string | undefined;
  /** Line breaks inside the quotes of the row at hand. */
  private innerLines = 0;

  constructor(
    private readonly delimiter: string,
    private readonly sink: RowSink<string[]>,
    from: FilePlace = { offset: 0, line: 1 },
  ) {
    this.offset = from.offset;
    this.line = from.line;
  }

  push(bytes: Buffer): void {
    this.text += bytes.toString('latin1');
    this.read(false);
  }

  finish(): void {
    this.read(true);
  }

  private read(final: boolean): void {
    const { text } = this;
    let at = 0;
    while (at < text.length) {
      const next = this.skipping ? this.skipLine(text, at, final) : this.readRow(text, at, final);
      if (next === MORE) break;
      at = next;
    }
    this.text = text.slice(at);
    this.offset += at;
    if (final && this.skipping) this.reportFault(this.offset);
  }

  /** The place after the row, or {@link MORE}. */
  private readRow(text: string, start: number, final: boolean): number {
    const first = text.charCodeAt(start);
    if (first === LF || first === CR) return this.skipBreak(text, start, final);
    this.beginRow();
    const end = this.readCells(text, start, final);
    if (end === MORE) {
      if (text.length - start <= MAX_ROW_BYTES) return MORE;
      this.innerLines = 0;
      return this.giveUp(reasons.row, start);
    }
    if (this.problem !== undefined) return this.giveUp(this.problem, end);
    const next = this.afterBreak(text, end, final);
    if (next === MORE) return MORE;
    const line = this.line;
    this.line += 1 + this.innerLines;
    this.deliver(this.cells, end - start, line, { offset: this.offset + next, line: this.line });
    return next;
  }

  private beginRow(): void {
    this.cells = [];
    this.problem = undefined;
    this.innerLines = 0;
  }

  /** Fills `cells`; the place of the row's line break (or the end), or {@link MORE}. */
  private readCells(text: string, start: number, final: boolean): number {
    const delimiter = this.delimiter.charCodeAt(0);
    let at = start;
    for (;;) {
      const end =
        text.charCodeAt(at) === QUOTE
          ? this.readQuoted(text, at, start, final)
          : this.readPlain(text, at, delimiter, final);
      if (end === MORE || this.problem !== undefined) return end;
      if (text.charCodeAt(end) !== delimiter) {
        if (end >= text.length || isBreak(text.charCodeAt(end))) return end;
        this.problem = reasons.afterQuote;
        return end;
      }
      if (this.cells.length > MAX_COLUMNS) {
        this.problem = reasons.columns;
        return end;
      }
      at = end + 1;
      if (at >= text.length && !final) return MORE;
    }
  }

  private readPlain(text: string, start: number, delimiter: number, final: boolean): number {
    let at = start;
    for (; at < text.length; at++) {
      const code = text.charCodeAt(at);
      if (code === delimiter || code === LF || code === CR) break;
    }
    if (at >= text.length && !final) {
      if (at - start <= MAX_CELL_BYTES) return MORE;
      this.problem = reasons.cell;
      return at;
    }
    this.cells.push(text.slice(start, at));
    return at;
  }

  private readQuoted(text: string, start: number, row: number, final: boolean): number {
    let doubled = false;
    let close = text.indexOf('"', start + 1);
    while (close >= 0 && text.charCodeAt(close + 1) === QUOTE) {
      doubled = true;
      close = text.indexOf('"', close + 2);
    }
    if (close < 0 && (final || text.length - start > MAX_CELL_BYTES)) {
      // nothing says where this was meant to end: the line it began on is lost, the next one is read anew
      this.problem = final ? reasons.openQuote : reasons.cell;
      this.innerLines = 0;
      return row;
    }
    if (close < 0 || (close + 1 >= text.length && !final)) return MORE;
    const cell = text.slice(start + 1, close);
    this.innerLines += breaksIn(cell);
    this.cells.push(doubled ? cell.replaceAll('""', '"') : cell);
    return close + 1;
  }

  /** Faults the row at hand; its line is read to the end from `from` on, and thrown away. */
  private giveUp(reason: string, from: number): number {
    this.problem = reason;
    this.faultLine = this.line;
    this.line += this.innerLines;
    this.skipping = true;
    return from;
  }

  /** Throws the rest of a faulted line away and reports it once its end is known. */
  private skipLine(text: string, start: number, final: boolean): number {
    let at = start;
    while (at < text.length && !isBreak(text.charCodeAt(at))) at++;
    if (at >= text.length) return text.length;
    const next = this.afterBreak(text, at, final);
    if (next === MORE) return at === start ? MORE : at;
    this.reportFault(this.offset + next);
    return next;
  }

  private reportFault(end: number): void {
    this.skipping = false;
    this.line += 1;
    this.sink.fault(this.problem ?? reasons.row, this.faultLine, { offset: end, line: this.line });
  }

  private skipBreak(text: string, at: number, final: boolean): number {
    const next = this.afterBreak(text, at, final);
    if (next !== MORE) this.line += 1;
    return next;
  }

  /** The place after the line break at `at`: LF, CR or CRLF; at the end of the file there may be none. */
  private afterBreak(text: string, at: number, final: boolean): number {
    if (at >= text.length) return final ? at : MORE;
    if (text.charCodeAt(at) !== CR) return at + 1;
    if (at + 1 >= text.length) return final ? at + 1 : MORE;
    return text.charCodeAt(at + 1) === LF ? at + 2 : at + 1;
  }

  private deliver(cells: string[], bytes: number, line: number, next: FilePlace): void {
    if (bytes > MAX_ROW_BYTES) return this.sink.fault(reasons.row, line, next);
    for (let i = 0; i < cells.length; i++) {
      const cell = cells[i] ?? '';
      if (cell.length > MAX_CELL_BYTES) return this.sink.fault(reasons.cell, line, next);
      const text = textOf(cell);
      if (text === undefined) return this.sink.fault(`column ${String(i + 1)} ${reasons.utf8}`, line, next);
      cells[i] = text;
    }
    this.sink.row(cells, line, next);
  }
}

function isBreak(code: number): boolean {
  return code === LF || code === CR;
}

function breaksIn(text: string): number {
  if (!text.includes('\n') && !text.includes('\r')) return 0;
  return text.split(/\r\n|\r|\n/).length - 1;
}
