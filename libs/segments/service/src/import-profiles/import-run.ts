import type { Aggregates } from '@muster/aggregates';
import { type Clock, type CommandContext, contentHash, DomainError } from '@muster/kernel';
import { AGGREGATES, CLOCK, crashPoint, InjectPool } from '@muster/platform';
import type { ProfileDatabaseCommand } from '@muster/segments-domain';
import { Inject, Injectable } from '@nestjs/common';
import { setImmediate } from 'node:timers/promises';
import type { Pool } from 'pg';
import { profileDatabaseAggregate } from '../profiles/profile-database.aggregate';
import { TypedTables } from '../profiles/typed-tables';
import { BatchReader, importedFields, type Batch } from './batch';
import { BatchWriter, Superseded } from './batch-writer';
import { ImportRecords, type ImportRecord } from './import-records';
import { SegmentFill } from './segment-fill';
import { touchedBy } from './touched';

const CHUNK_BYTES = 1024 * 1024;
/** Read at a stretch: some milliseconds, so that others get their turn. */
const SLICE_BYTES = 64 * 1024;

/** Carries an import from its cursor to its end. */
@Injectable()
export class ImportRun {
  constructor(
    private readonly records: ImportRecords,
    private readonly tables: TypedTables,
    private readonly writer: BatchWriter,
    private readonly fill: SegmentFill,
    @InjectPool('segments') private readonly pool: Pool,
    @Inject(AGGREGATES) private readonly aggregates: Aggregates,
    @Inject(CLOCK) private readonly clock: Clock,
  ) {}

  /** `ImportStarted`, once. */
  start(record: ImportRecord) {
    const { importId, mode } = record;
    return this.handle(record, 'start', { type: 'StartImport', importId, mode });
  }

  /** Resolves when the import is complete. Throws {@link Superseded} when `lost` or another one went on with it. */
  async carryOut(importId: string, lost: AbortSignal): Promise<void> {
    const record = await this.records.get(importId);
    await this.start(record);
    await this.records.markRunning(importId);
    await this.writeBatches(record, lost);
    await this.complete(await this.records.get(importId));
  }

  /** Ends the import with a reason that people can read; it holds nothing of the file. */
  async fail(record: ImportRecord, reason: string): Promise<void> {
    await this.handle(record, 'end', { type: 'FailImport', importId: record.importId, reason });
    await this.records.finish(record.importId, 'failed', reason);
  }

  /** The next batch is read while the last one is written. */
  private async writeBatches(record: ImportRecord, lost: AbortSignal): Promise<void> {
    const table = await this.tables.of(record.databaseId);
    if (!record.layout) throw new Error(`import ${record.importId} has no layout`);
    const target = { record, table, fields: importedFields(record.layout, table.fields) };
    const batches = this.batches(record, table.fields);
    let next = batches.next();
    for (;;) {
      const { value: batch, done } = await next;
      if (done) return;
      if (lost.aborted) throw new Superseded(`the lease of import ${record.importId} is lost`);
      next = batches.next();
      next.catch(() => undefined); // heard when its turn comes
      await this.writer.write(target, batch);
      crashPoint('import.after-batch');
    }
  }

  private async *batches(
    record: ImportRecord,
    fields: Parameters<typeof importedFields>[1],
  ): AsyncGenerator<Batch, void> {
    if (!record.layout) return;
    const { importId, nextOffset: offset, nextLine: line, rowsRead: rows } = record;
    const reader = new BatchReader(record.layout, fields, { offset, line, rows });
    let seq = Math.floor(offset / CHUNK_BYTES);
    let skip = offset % CHUNK_BYTES;
    let next = this.records.chunk(importId, seq);
    for (let chunk = await next; chunk !== undefined; chunk = await next) {
      next = this.records.chunk(importId, ++seq);
      next.catch(() => undefined); // heard when its turn comes
      for (let at = skip; at < chunk.length; at += SLICE_BYTES) {
        yield* reader.push(chunk.subarray(at, at + SLICE_BYTES));
        await setImmediate();
      }
      skip = 0;
    }
    yield* reader.finish();
  }

  private async complete(record: ImportRecord): Promise<void> {
    const { importId, rowsRead: rows, rejected, inserted, updated, unchanged } = record;
    crashPoint('import.before-complete');
    const accepted = rows - rejected;
    const outcome = { importId, rows, accepted, rejected, inserted, updated, unchanged };
    await this.handle(record, 'end', { type: 'CompleteImport', ...outcome });
    crashPoint('import.after-complete');
    await this.records.finish(importId, 'completed', await this.fillSegment(record));
  }

  /** `null`, or why the segment that the import was to fill could not be filled: the profiles are in all the same. */
  private async fillSegment({
    importId,
    databaseId,
    fillSegmentId,
    actor,
    correlationId,
  }: ImportRecord): Promise<string | null> {
    if (fillSegmentId === null) return null;
    const profiles = await touchedBy(this.pool, importId);
    const filling = { segmentId: fillSegmentId, importId, databaseId, profiles };
    try {
      await this.fill.fillAfterRun(filling, { actor, correlationId, now: this.clock.now() });
      return null;
    } catch (error) {
      if (!(error instanceof DomainError) || error.kind === 'unavailable') throw error;
      return `The segment was not filled: ${error.details.detail}`;
    }
  }

  private handle(record: ImportRecord, step: 'start' | 'end', command: ProfileDatabaseCommand) {
    const { importId, databaseId, actor, correlationId } = record;
    const key = `${importId}:${step}`;
    const context: CommandContext = {
      actor,
      correlationId,
      now: this.clock.now(),
      // whoever comes first ends an import: a repeat with another outcome must not be told from it
      mark: { kind: 'request', caller: 'system:imports', key, bodyHash: contentHash(key) },
    };
    return this.aggregates.handle(profileDatabaseAggregate, databaseId, command, context);
  }
}
