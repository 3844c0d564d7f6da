import { DomainError, type Actor } from '@muster/kernel';
import { InjectPool } from '@muster/platform';
import type { Queryable } from '@muster/postgres';
import { currentTraceparent } from '@muster/tracing';
import { Injectable } from '@nestjs/common';
import type { Pool } from 'pg';
import type { ImportMode, ImportOptions, Layout } from './layout';

export type ImportState = 'uploading' | 'queued' | 'running' | 'completed' | 'failed';

/** An import as it is kept: who asked for what, how far it is, and what came of the rows so far. */
export interface ImportRecord {
  readonly importId: string;
  readonly databaseId: string;
  readonly mode: ImportMode;
  readonly options: ImportOptions;
  readonly actor: Actor;
  readonly correlationId: string;
  /** Of the upload, where that was traced. */
  readonly traceparent: string | null;
  readonly fillSegmentId: string | null;
  readonly state: ImportState;
  readonly reason: string | null;
  /** `null` until the head of the file is in. */
  readonly layout: Layout | null;
  /** Of the file, unpacked. */
  readonly bytes: number;
  /** The cursor: every byte and row before it is done. */
  readonly nextOffset: number;
  readonly nextLine: number;
  readonly rowsRead: number;
  readonly rejected: number;
  readonly inserted: number;
  readonly updated: number;
  readonly unchanged: number;
  readonly createdAt: Date;
  readonly finishedAt: Date | null;
}

export type NewImport = Pick<
  ImportRecord,
  'importId' | 'databaseId' | 'options' | 'actor' | 'correlationId' | 'fillSegmentId'
>;

const COLUMNS = `import_id AS "importId", database_id AS "databaseId", mode, options, actor,
  correlation_id AS "correlationId", traceparent, fill_segment_id AS "fillSegmentId", state, reason, layout, bytes,
  next_offset AS "nextOffset", next_line AS "nextLine", rows_read AS "rowsRead", rejected, inserted, updated, unchanged,
  created_at AS "createdAt", finished_at AS "finishedAt"`;

const RETENTION = '30 days';
const UPLOAD_SILENCE = '10 minutes';

/** The table of imports. */
@Injectable()
export class ImportRecords {
  constructor(@InjectPool('segments') private readonly pool: Pool) {}

  /** Throws `IMPORT_NOT_FOUND`. */
  async get(importId: string, on: Queryable = this.pool): Promise<ImportRecord> {
    const record = await this.find(importId, on);
    if (!record) throw new DomainError('IMPORT_NOT_FOUND', { detail: 'There is no import with this id.' });
    return record;
  }

  async find(importId: string, on: Queryable = this.pool): Promise<ImportRecord | undefined> {
    const { rows } = await on.query<StoredImport>(`SELECT ${COLUMNS} FROM import WHERE import_id = $1`, [importId]);
    return rows[0] && toRecord(rows[0]);
  }

  /** The newest first. */
  async page(
    databaseId: string,
    before: { readonly createdAt: string; readonly importId: string } | null,
    limit: number,
  ): Promise<readonly ImportRecord[]> {
    const { rows } = await this.pool.query<StoredImport>(
      `SELECT ${COLUMNS} FROM import
       WHERE database_id = $1 AND ($2::timestamptz IS NULL OR (created_at, import_id) < ($2::timestamptz, $3::uuid))
       ORDER BY created_at DESC, import_id DESC LIMIT $4`,
      [databaseId, before?.createdAt ?? null, before?.importId ?? null, limit],
    );
    return rows.map(toRecord);
  }

  /** False where there is an import with this id whose upload is in. One whose upload broke off is begun anew. */
  async begin({ importId, databaseId, options, actor, correlationId, fillSegmentId }: NewImport): Promise<boolean> {
    await this.pool.query('DELETE FROM import WHERE import_id = $1 AND uploaded_at IS NULL', [importId]);
    const { rowCount } = await this.pool.query(
      `INSERT INTO import (import_id, database_id, mode, options, actor, correlation_id, fill_segment_id, traceparent, state)
       VALUES ($1, $2, $3, $4, $5, $6, $7, $8, 'uploading') ON CONFLICT DO NOTHING`,
      [
        importId,
        databaseId,
        options.mode,
        JSON.stringify(options),
        JSON.stringify(actor),
        correlationId,
        fillSegmentId,
        currentTraceparent() ?? null,
      ],
    );
    return rowCount === 1;
  }

  async addChunk(importId: string, seq: number, bytes: Buffer): Promise<void> {
    await this.pool.query(
      `WITH alive AS (UPDATE import SET updated_at = now(), bytes = bytes + $4 WHERE import_id = $1 AND state = 'uploading')
       INSERT INTO import_chunk (import_id, seq, bytes) VALUES ($1, $2, $3)`,
      [importId, seq, bytes, bytes.length],
    );
  }

  /** Empty beyond the end. */
  async chunk(importId: string, seq: number): Promise<Buffer | undefined> {
    const { rows } = await this.pool.query<{ bytes: Buffer }>(
      'SELECT bytes FROM import_chunk WHERE import_id = $1 AND seq = $2',
      [importId, seq],
    );
    return rows[0]?.bytes;
  }

  /** The upload is in. False where the import was given up meanwhile. */
  async queue(importId: string, layout: Layout): Promise<boolean> {
    const { rowCount } = await this.pool.query(
      `UPDATE import SET state = 'queued', layout = $2, next_offset = $3, next_line = $4, uploaded_at = now(),
         updated_at = now()
       WHERE import_id = $1 AND state = 'uploading'`,
      [importId, JSON.stringify(layout), layout.start.offset, layout.start.line],
    );
    return rowCount === 1;
  }

  async discard(importId: string): Promise<void> {
    await this.pool.query('DELETE FROM import WHERE import_id = $1', [importId]);
  }

  async markRunning(importId: string): Promise<void> {
    await this.pool.query(`UPDATE import SET state = 'running' WHERE import_id = $1 AND state = 'queued'`, [importId]);
  }

  /** The end of it: the file is thrown away, the record stays. */
  async finish(importId: string, state: 'completed' | 'failed', reason: string | null): Promise<void> {
    await this.pool.query(
      `WITH gone AS (DELETE FROM import_chunk WHERE import_id = $1)
       UPDATE import SET state = $2, reason = $3, finished_at = now(), updated_at = now()
       WHERE import_id = $1 AND state NOT IN ('completed', 'failed')`,
      [importId, state, reason],
    );
  }

  /** The next import of each database: one at a time, in the order they came. */
  async due(): Promise<readonly ImportRecord[]> {
    const { rows } = await this.pool.query<StoredImport>(
      `SELECT DISTINCT ON (database_id) ${COLUMNS} FROM import WHERE state IN ('queued', 'running')
       ORDER BY database_id, created_at, import_id`,
    );
    return rows.map(toRecord);
  }

  /** Uploads whose process died, and what is kept for a while only: rejected rows hold personal data. */
  async sweep(): Promise<void> {
    const { rows } = await this.pool.query<{ id: string }>(
      `SELECT import_id AS id FROM import WHERE state = 'uploading' AND updated_at < now() - $1::interval`,
      [UPLOAD_SILENCE],
    );
    for (const { id } of rows) await this.finish(id, 'failed', 'the upload broke off');
    const expired = `USING import i WHERE i.import_id = x.import_id AND i.finished_at < now() - $1::interval`;
    await this.pool.query(`DELETE FROM import_rejection x ${expired}`, [RETENTION]);
    await this.pool.query(`DELETE FROM import_touched x ${expired}`, [RETENTION]);
    await this.pool.query('DELETE FROM idempotency WHERE expires < now()');
  }
}

/** bigint comes as text. */
type StoredImport = {
  readonly [K in keyof ImportRecord]: ImportRecord[K] extends number ? string : ImportRecord[K];
};

function toRecord(row: StoredImport): ImportRecord {
  return {
    ...row,
    bytes: Number(row.bytes),
    nextOffset: Number(row.nextOffset),
    nextLine: Number(row.nextLine),
    rowsRead: Number(row.rowsRead),
    rejected: Number(row.rejected),
    inserted: Number(row.inserted),
    updated: Number(row.updated),
    unchanged: Number(row.unchanged),
  };
}
