/** Caps that keep memory flat whatever a file holds. */
export const MAX_CELL_BYTES = 1024 * 1024;
export const MAX_ROW_BYTES = 4 * 1024 * 1024;
export const MAX_COLUMNS = 1000;

/** Takes the rows of a file in order; every row of the file is given to exactly one of the two. */
export interface RowSink<Row> {
  /** `line`: where the row begins, from 1; `next`: where reading goes on after it. */
  row(row: Row, line: number, next: FilePlace): void;
  /** A row that cannot be read. `value`: what stands at the fault, if that is worth showing. */
  fault(reason: string, line: number, next: FilePlace, value?: string): void;
}

/** Where reading a file goes on: after a row. */
export interface FilePlace {
  readonly offset: number;
  /** The line at which the next row begins, from 1. */
  readonly line: number;
}

/** Cuts the bytes of a file into rows; bytes may be cut anywhere. */
export interface RowReader {
  push(bytes: Buffer): void;
  /** No more bytes follow. */
  finish(): void;
}
