import type { Queryable } from '@muster/postgres';

/** Rows that are gathered and inserted in one statement. Column types are those of Postgres. */
export class RowBuffer<R extends object> {
  private rows: R[] = [];

  /** `suffix`: what follows the select, an `ON CONFLICT` clause for instance. */
  constructor(
    private readonly table: string,
    private readonly columns: Readonly<Record<keyof R & string, string>>,
    private readonly suffix = '',
  ) {}

  add(row: R): void {
    this.rows.push(row);
  }

  async flush(client: Queryable): Promise<void> {
    const { rows } = this;
    if (rows.length === 0) return;
    this.rows = [];
    const names = Object.keys(this.columns) as (keyof R & string)[];
    const arrays = names.map((name, i) => `$${String(i + 1)}::${this.columns[name]}[]`);
    await client.query({
      name: `insights-${this.table}`,
      text: `INSERT INTO ${this.table} (${names.join(', ')}) SELECT * FROM unnest(${arrays.join(', ')}) ${this.suffix}`,
      values: names.map((name) => rows.map((row) => row[name])),
    });
  }
}

/** The bytes without copying them, as `pg` takes them. */
export function bytea(bytes: Uint8Array): Buffer {
  return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
}

export function fromBase64(text: string): Buffer {
  return Buffer.from(text, 'base64');
}
