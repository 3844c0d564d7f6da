/** A column of a listing for people. */
export interface Column<Row> {
  readonly title: string;
  readonly value: (row: Row) => string | number | null | undefined;
}

/** What the tool says: results to standard output, everything about them to standard error. */
export class Output {
  constructor(
    private readonly out: (text: string) => void,
    private readonly err: (text: string) => void,
  ) {}

  line(text: string): void {
    this.out(`${text}\n`);
  }

  /** Progress and hints: never in the way of a script that reads the result. */
  note(text: string): void {
    this.err(`${text}\n`);
  }

  json(value: unknown): void {
    this.line(JSON.stringify(value, null, 2));
  }

  /** Rows as a table, or as JSON with everything that is known of them. `nothing` is said where there are none. */
  listing<Row>(rows: readonly Row[], columns: readonly Column<Row>[], nothing: string, json = false): void {
    if (json) this.json(rows);
    else if (rows.length === 0) this.note(nothing);
    else this.table(rows, columns);
  }

  private table<Row>(rows: readonly Row[], columns: readonly Column<Row>[]): void {
    const values = rows.map((row) => columns.map(({ value }) => value(row) ?? '-'));
    const cells = [columns.map(({ title }) => title), ...values.map((row) => row.map(String))];
    const widths = columns.map((_, at) => Math.max(...cells.map((row) => row[at]!.length)));
    const isNumber = columns.map((_, at) => values.every((row) => typeof row[at] === 'number' || row[at] === '-'));
    for (const row of cells) {
      const padded = row.map((cell, at) => (isNumber[at] ? cell.padStart(widths[at]!) : cell.padEnd(widths[at]!)));
      this.line(padded.join('  ').trimEnd());
    }
  }
}

/** Long text cut for a table; `show` and `--json` have it whole. */
export function short(text: string | null | undefined, length = 60): string | null {
  if (text === null || text === undefined) return null;
  const line = text.split('\n', 1)[0] ?? '';
  return line.length > length || line !== text ? `${line.slice(0, length - 1)}…` : line;
}

/** `1 event`, `3 events`. */
export function counted(count: number, what: string): string {
  return `${String(count)} ${what}${count === 1 ? '' : 's'}`;
}
