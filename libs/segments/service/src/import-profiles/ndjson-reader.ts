import { isUtf8 } from 'node:buffer';
import { MAX_ROW_BYTES, type FilePlace, type RowReader, type RowSink } from './rows';

const LF = 10;
const blank = /^[ \t\r]*$/;

export type JsonRow = Readonly<Record<string, unknown>>;

/** Reads one JSON object a line. Blank lines are no rows; a line that is no object costs that line only. */
export class NdjsonReader implements RowReader {
  private rest: Buffer = Buffer.alloc(0);
  private offset: number;
  private line: number;
  /** The line at hand was over the cap before its end was seen. */
  private tooLong = false;

  constructor(
    private readonly sink: RowSink<JsonRow>,
    from: FilePlace = { offset: 0, line: 1 },
  ) {
    this.offset = from.offset;
    this.line = from.line;
  }

  push(bytes: Buffer): void {
    const input = this.rest.length === 0 ? bytes : Buffer.concat([this.rest, bytes]);
    let at = 0;
    for (let end = input.indexOf(LF, at); end >= 0; end = input.indexOf(LF, at)) {
      this.take(input.subarray(at, end), end + 1 - at);
      at = end + 1;
    }
    this.rest = input.subarray(at);
    if (this.rest.length > MAX_ROW_BYTES) {
      this.tooLong = true;
      this.offset += this.rest.length;
      this.rest = Buffer.alloc(0);
    }
  }

  finish(): void {
    if (this.rest.length > 0 || this.tooLong) this.take(this.rest, this.rest.length);
  }

  private take(line: Buffer, consumed: number): void {
    this.offset += consumed;
    const at = this.line++;
    const next: FilePlace = { offset: this.offset, line: this.line };
    if (this.tooLong || line.length > MAX_ROW_BYTES) {
      this.tooLong = false;
      return this.sink.fault('the row is larger than 4 MiB', at, next);
    }
    if (!isUtf8(line)) return this.sink.fault('the row is not UTF-8', at, next);
    const text = line.toString('utf8');
    if (blank.test(text)) return;
    const row = parsed(text);
    if (row === undefined) return this.sink.fault('the row is not a JSON object', at, next, text.slice(0, 200));
    this.sink.row(row, at, next);
  }
}

function parsed(text: string): JsonRow | undefined {
  // a throw costs as much as reading hundreds of rows: what is clearly no object is told without one
  const trimmed = text.trim();
  if (!trimmed.startsWith('{') || !trimmed.endsWith('}')) return undefined;
  try {
    const value: unknown = JSON.parse(trimmed);
    return typeof value === 'object' && value !== null && !Array.isArray(value) ? (value as JsonRow) : undefined;
  } catch {
    return undefined;
  }
}
