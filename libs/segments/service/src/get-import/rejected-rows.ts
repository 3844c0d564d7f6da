import { InjectPool } from '@muster/platform';
import { Injectable } from '@nestjs/common';
import { ApiProperty } from '@nestjs/swagger';
import type { Pool } from 'pg';

/** A row that was not taken, and why. */
export class RejectedRow {
  @ApiProperty({ description: 'From 1, counting every row of the file.' }) row!: number;
  @ApiProperty({ description: 'Where the row begins, from 1; the header counts.' }) line!: number;
  @ApiProperty({ nullable: true, type: String }) column!: string | null;
  @ApiProperty({ nullable: true, type: String, description: 'Cut to 200 characters.' }) value!: string | null;
  @ApiProperty() reason!: string;
}

const PAGE_ROWS = 5_000;

/** The rejected rows of imports. They are kept for 30 days. */
@Injectable()
export class RejectedRows {
  constructor(@InjectPool('segments') private readonly pool: Pool) {}

  async page(importId: string, after: number, limit: number): Promise<readonly RejectedRow[]> {
    const { rows } = await this.pool.query<Omit<RejectedRow, 'row' | 'line'> & { row: string; line: string }>(
      `SELECT row_no AS row, line, column_name AS column, value, reason FROM import_rejection
       WHERE import_id = $1 AND row_no > $2 ORDER BY row_no LIMIT $3`,
      [importId, after, limit],
    );
    return rows.map((row) => ({ ...row, row: Number(row.row), line: Number(row.line) }));
  }

  /** All of them as CSV, safe to be opened in a spreadsheet. */
  async *csv(importId: string): AsyncGenerator<string> {
    yield 'row,line,column,value,reason\r\n';
    let page = await this.page(importId, 0, PAGE_ROWS);
    while (page.length > 0) {
      yield page.map(csvLine).join('');
      page = await this.page(importId, page.at(-1)?.row ?? 0, PAGE_ROWS);
    }
  }
}

function csvLine({ row, line, column, value, reason }: RejectedRow): string {
  return `${[String(row), String(line), ...[column, value, reason].map(csvCell)].join(',')}\r\n`;
}

/** Quoted, and with an apostrophe before what a spreadsheet would take for a formula (OWASP, CSV injection). */
export function csvCell(text: string | null): string {
  if (text === null) return '';
  const harmless = /^[=+\-@\t\r\n＝＋－＠]/.test(text) ? `'${text}` : text;
  return `"${harmless.replaceAll('"', '""')}"`;
}
