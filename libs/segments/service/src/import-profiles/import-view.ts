import { ApiProperty } from '@nestjs/swagger';
import type { ImportRecord, ImportState } from './import-records';

class ImportProgress {
  @ApiProperty({ description: 'Bytes of the unpacked file that are done.' }) bytesDone!: number;
  @ApiProperty({ description: 'Bytes of the unpacked file; grows while it is uploaded.' }) bytes!: number;
}

class ImportRows {
  @ApiProperty({ description: 'accepted + rejected' }) read!: number;
  @ApiProperty({ description: 'inserted + updated + unchanged' }) accepted!: number;
  @ApiProperty() rejected!: number;
  @ApiProperty() inserted!: number;
  @ApiProperty() updated!: number;
  @ApiProperty() unchanged!: number;
}

/** An import as it is shown. */
export class ImportView {
  @ApiProperty({ format: 'uuid' }) importId!: string;
  @ApiProperty({ format: 'uuid' }) databaseId!: string;
  @ApiProperty({ enum: ['insert', 'update', 'upsert'] }) mode!: string;
  @ApiProperty({ enum: ['uploading', 'queued', 'running', 'completed', 'failed'] }) state!: ImportState;
  @ApiProperty({ nullable: true, type: String, description: 'Why it failed.' }) reason!: string | null;
  @ApiProperty({ nullable: true, type: String, enum: ['csv', 'ndjson', null] }) format!: 'csv' | 'ndjson' | null;
  @ApiProperty() progress!: ImportProgress;
  @ApiProperty() rows!: ImportRows;
  @ApiProperty({ format: 'date-time' }) createdAt!: string;
  @ApiProperty({ format: 'date-time', nullable: true, type: String }) finishedAt!: string | null;
}

export function viewOf(record: ImportRecord): ImportView {
  const { importId, databaseId, mode, state, reason, rowsRead, rejected, inserted, updated, unchanged } = record;
  return {
    importId,
    databaseId,
    mode,
    state,
    reason,
    format: record.layout?.format ?? null,
    // behind the last row there may be blank lines, which are done with it
    progress: { bytesDone: state === 'completed' ? record.bytes : record.nextOffset, bytes: record.bytes },
    rows: { read: rowsRead, accepted: rowsRead - rejected, rejected, inserted, updated, unchanged },
    createdAt: record.createdAt.toISOString(),
    finishedAt: record.finishedAt?.toISOString() ?? null,
  };
}
