import { DomainError } from '@muster/kernel';
import { Injectable, Optional } from '@nestjs/common';
import type { Readable } from 'node:stream';
import { TypedTables } from '../profiles/typed-tables';
import { Broken, ImportLimits, unpacked } from './file-bytes';
import { ImportRecords, type NewImport } from './import-records';
import { HEAD_BYTES, layoutOf, type Layout } from './layout';

const CHUNK_BYTES = 1024 * 1024;

/**
 * Takes a file in: unpacks it if it is gzip and keeps it in pieces until the worker has read it. Its head is looked at
 * while it comes, so that a file that cannot be imported is refused at once.
 */
@Injectable()
export class Upload {
  constructor(
    private readonly records: ImportRecords,
    private readonly tables: TypedTables,
    @Optional() private readonly limits: ImportLimits = new ImportLimits(),
  ) {}

  /**
   * Resolves when the file is in and the import is queued; false for an import that was taken in before. Throws
   * `IMPORT_INVALID` (nothing is kept if its head is refused, else the import stays as failed with the reason),
   * `PAYLOAD_TOO_LARGE`, `DATABASE_NOT_FOUND`.
   */
  async receive(newImport: NewImport, body: Readable): Promise<boolean> {
    const { importId } = newImport;
    try {
      const { fields } = await this.tables.of(newImport.databaseId);
      if (!(await this.records.begin(newImport))) return false;
      const layout = await this.spool(importId, body, (head, complete) =>
        layoutOf(head, complete, newImport.options, fields),
      );
      if (await this.records.queue(importId, layout)) return true;
      throw new Broken('the upload took too long');
    } catch (error) {
      return await this.giveUp(importId, error);
    } finally {
      // what is left unread would keep the connection from being used again
      body.resume();
    }
  }

  private async spool(
    importId: string,
    body: Readable,
    layout: (head: Buffer, complete: boolean) => Layout,
  ): Promise<Layout> {
    let found: Layout | undefined;
    let seq = 0;
    let last: Buffer = Buffer.alloc(0);
    for await (const chunk of inChunks(unpacked(body, this.limits), CHUNK_BYTES)) {
      // a full chunk may be followed by more: the head is complete only with the end of the file
      if (chunk.length === CHUNK_BYTES) found ??= layout(chunk.subarray(0, HEAD_BYTES), false);
      else last = chunk;
      await this.records.addChunk(importId, seq++, chunk);
    }
    return found ?? layout(last, true);
  }

  private async giveUp(importId: string, error: unknown): Promise<never> {
    if (error instanceof DomainError) {
      await this.records.discard(importId);
      throw error;
    }
    if (!(error instanceof Broken)) {
      await this.records.finish(importId, 'failed', 'the upload could not be kept').catch(() => undefined);
      throw error;
    }
    await this.records.finish(importId, 'failed', error.message);
    throw new DomainError(error.tooLarge ? 'PAYLOAD_TOO_LARGE' : 'IMPORT_INVALID', {
      detail: `Nothing was imported: ${error.message}.`,
      extra: { importId },
    });
  }
}

/** Pieces of exactly `size` bytes, but for the last one. */
async function* inChunks(source: AsyncIterable<Buffer>, size: number): AsyncGenerator<Buffer> {
  let held: Buffer[] = [];
  let length = 0;
  for await (const bytes of source) {
    held.push(bytes);
    length += bytes.length;
    if (length < size) continue;
    const all = Buffer.concat(held);
    let at = 0;
    for (; all.length - at >= size; at += size) yield all.subarray(at, at + size);
    held = [all.subarray(at)];
    length = all.length - at;
  }
  if (length > 0) yield Buffer.concat(held);
}
