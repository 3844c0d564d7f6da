import type { Aggregates } from '@muster/aggregates';
import { type Clock, type CommandContext, SYSTEM } from '@muster/kernel';
import { AGGREGATES, CLOCK, crashPoint, InjectPool } from '@muster/platform';
import { withTransaction } from '@muster/postgres';
import { ProfileSet } from '@muster/profile-set';
import { existing, reservedNumbers } from '@muster/segments-domain';
import type { FieldRecord } from '@muster/segments-events';
import { Inject, Injectable } from '@nestjs/common';
import type { Pool, PoolClient } from 'pg';
import { profileDatabaseAggregate } from '../profiles/profile-database.aggregate';
import { numbersIn } from '../profiles/profiles';
import type { ProfileTable } from '../profiles/typed-tables';
import type { Batch, ImportRow } from './batch';
import { classify } from './classify';
import { ImportFigures, type RowOutcomes } from './import-figures';
import type { ImportRecord } from './import-records';
import { addTouched } from './touched';
import { UniqueValues } from './unique-values';
import { insertProfiles, updateProfiles, writeRejections } from './write-rows';

/** What a batch is written with. */
export interface ImportTarget {
  readonly record: ImportRecord;
  readonly table: ProfileTable;
  readonly fields: readonly FieldRecord[];
}

/** Another process went on with the import: this one has to stop. */
export class Superseded extends Error {
  override readonly name = 'Superseded';
}

/**
 * Writes a batch in one transaction: profiles, history of their attributes, rejected rows and the cursor. Numbers are
 * reserved in the log before; a batch that is written again after a crash finds those it had reserved.
 */
@Injectable()
export class BatchWriter {
  constructor(
    @InjectPool('segments') private readonly pool: Pool,
    @Inject(AGGREGATES) private readonly aggregates: Aggregates,
    @Inject(CLOCK) private readonly clock: Clock,
    private readonly figures: ImportFigures,
  ) {}

  /** A row that Postgres refuses although it met the schema is rejected; the others of its batch are written. */
  async write(target: ImportTarget, batch: Batch): Promise<void> {
    try {
      this.figures.count(await withTransaction(this.pool, (client) => this.writeOnce(client, target, batch)));
    } catch (error) {
      if (!isRefusedData(error) || batch.rows.length === 0) throw error;
      for (const part of divided(batch)) await this.write(target, part);
    }
  }

  private async writeOnce(client: PoolClient, target: ImportTarget, batch: Batch): Promise<RowOutcomes> {
    const { record, table, fields } = target;
    const { importId, databaseId } = record;
    // a batch is a small part of a large table: the planner would rather read the whole of it, once for every batch
    await client.query(
      'SET LOCAL enable_seqscan = off; SET LOCAL enable_hashjoin = off; SET LOCAL enable_mergejoin = off',
    );
    await client.query('SELECT pg_advisory_xact_lock(hashtextextended($1, 0))', [`profiles:${databaseId}`]);
    await this.expectCursor(client, importId, batch.rowsBefore);
    const externalIds = batch.rows.map((row) => row.externalId);
    const known =
      externalIds.length === 0 ? new Map<string, number>() : await numbersIn(table.table, externalIds, client);
    const uniques = await UniqueValues.load(client, table.table, fields, batch.rows);
    const { inserts, updates, rejections, overruled } = classify(batch.rows, record.mode, known, uniques);
    const source = `import ${importId}`;
    const updated = await updateProfiles(client, table, fields, updates, { databaseId, at: this.clock.now(), source });
    const first = await this.reserve(record, batch.rowsBefore, inserts);
    if (inserts.length > 0) await insertProfiles(client, table, fields, inserts, first);
    await writeRejections(client, importId, [...batch.rejections, ...rejections]);
    const touched = new Uint32Array(updates.length + inserts.length);
    updates.forEach(({ profileNo }, i) => (touched[i] = profileNo));
    inserts.forEach((_, i) => (touched[updates.length + i] = first + i));
    await addTouched(client, importId, ProfileSet.fromSorted(touched.sort()));
    const outcomes = {
      inserted: inserts.length,
      updated,
      unchanged: updates.length - updated + overruled,
      rejected: batch.rejections.length + rejections.length,
    };
    await client.query(
      `UPDATE import SET next_offset = $2, next_line = $3, rows_read = $4, rejected = rejected + $5,
         inserted = inserted + $6, updated = updated + $7, unchanged = unchanged + $8, updated_at = now()
       WHERE import_id = $1`,
      [
        importId,
        batch.next.offset,
        batch.next.line,
        batch.rowsRead,
        outcomes.rejected,
        outcomes.inserted,
        outcomes.updated,
        outcomes.unchanged,
      ],
    );
    return outcomes;
  }

  /** Fences: whoever lost the lease finds the cursor moved on. */
  private async expectCursor(client: PoolClient, importId: string, rowsBefore: number): Promise<void> {
    const { rows } = await client.query<{ rows_read: string; state: string }>(
      'SELECT rows_read, state FROM import WHERE import_id = $1 FOR UPDATE',
      [importId],
    );
    const row = rows[0];
    if (row?.state !== 'running' || Number(row.rows_read) !== rowsBefore) {
      throw new Superseded(`import ${importId} is not at row ${String(rowsBefore)} any more`);
    }
  }

  /** The first of as many consecutive numbers as there are rows. */
  private async reserve(record: ImportRecord, rowsBefore: number, inserts: readonly ImportRow[]): Promise<number> {
    if (inserts.length === 0) return 0;
    const { importId, databaseId } = record;
    const purpose = `rows ${String(rowsBefore)}`;
    const context: CommandContext = { actor: SYSTEM, correlationId: record.correlationId, now: this.clock.now() };
    const command = { type: 'ReserveProfileNumbers', importId, purpose, count: inserts.length } as const;
    await this.aggregates.handle(profileDatabaseAggregate, databaseId, command, context);
    crashPoint('import.after-reserve');
    const { state } = await this.aggregates.load(profileDatabaseAggregate, databaseId);
    return reservedNumbers(existing(state), importId, purpose).from;
  }
}

/** SQLSTATE classes 22 (data exception), 23 (constraint) and 54 (limit): a value is at fault, not the statement. */
function isRefusedData(error: unknown): boolean {
  return error instanceof Error && 'code' in error && /^(22|23|54)...$/.test(String(error.code));
}

/** Two halves; a batch of one row becomes the rejection of that row. */
function divided(batch: Batch): readonly Batch[] {
  const [row] = batch.rows;
  if (batch.rows.length === 1 && row) {
    const { rowNo, line, next } = row;
    const rejection = { rowNo, line, next, column: null, value: null, reason: 'the database cannot store this row' };
    return [{ ...batch, rows: [], rejections: [...batch.rejections, rejection] }];
  }
  const last = batch.rows[Math.floor(batch.rows.length / 2) - 1];
  if (!last) return [batch];
  const upTo = (item: { readonly rowNo: number }): boolean => item.rowNo <= last.rowNo;
  return [
    {
      rows: batch.rows.filter(upTo),
      rejections: batch.rejections.filter(upTo),
      rowsBefore: batch.rowsBefore,
      rowsRead: last.rowNo,
      next: last.next,
    },
    {
      rows: batch.rows.filter((row) => !upTo(row)),
      rejections: batch.rejections.filter((row) => !upTo(row)),
      rowsBefore: last.rowNo,
      rowsRead: batch.rowsRead,
      next: batch.next,
    },
  ];
}
