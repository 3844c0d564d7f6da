import { StoreUnavailable } from '@muster/event-store';
import { DomainError } from '@muster/kernel';
import { BackgroundWork, InjectLeases, type Leases } from '@muster/platform';
import { isUnavailable } from '@muster/postgres';
import { inSpan, type SpanOptions } from '@muster/tracing';
import {
  Injectable,
  Logger,
  type BeforeApplicationShutdown,
  type OnApplicationBootstrap,
  type OnModuleInit,
} from '@nestjs/common';
import { Superseded } from './batch-writer';
import { ImportRecords, type ImportRecord } from './import-records';
import { ImportRun } from './import-run';

const POLL_MS = 2_000;
const MOST_TRIES = 3;

/**
 * Carries out imports in the background: those of one database one after the other, woken by an upload, and looking now
 * and then for those that another process has left.
 */
@Injectable()
export class ImportWorker implements OnModuleInit, OnApplicationBootstrap, BeforeApplicationShutdown {
  private readonly logger = new Logger(ImportWorker.name);
  private readonly tries = new Map<string, number>();
  private readonly stopping = new AbortController();
  private working: Promise<void> | undefined;
  private again = false;
  private timer: NodeJS.Timeout | undefined;

  constructor(
    private readonly records: ImportRecords,
    private readonly run: ImportRun,
    @InjectLeases('segments') private readonly leases: Leases,
    private readonly background: BackgroundWork,
  ) {}

  onModuleInit(): void {
    this.background.register({ name: 'segments.imports', busy: async () => (await this.records.due()).length > 0 });
  }

  onApplicationBootstrap(): void {
    this.poll();
  }

  async beforeApplicationShutdown(): Promise<void> {
    this.stopping.abort();
    clearTimeout(this.timer);
    await this.working;
  }

  /** There is an import to carry out. */
  wake(): void {
    this.again = true;
    if (this.stopping.signal.aborted) return;
    this.working ??= this.work().finally(() => {
      this.working = undefined;
    });
  }

  private poll(): void {
    this.records
      .sweep()
      .then(() => this.wake())
      .catch((error: unknown) => this.logger.warn({ err: error }, 'imports cannot be looked at'))
      .finally(() => {
        if (!this.stopping.signal.aborted) this.timer = setTimeout(() => this.poll(), POLL_MS).unref();
      });
  }

  private async work(): Promise<void> {
    while (this.again && !this.stopping.signal.aborted) {
      this.again = false;
      const due = await this.records.due().catch(() => []);
      for (const record of due) {
        // the next import of this database may be due now
        if (await this.take(record)) this.again = true;
      }
    }
  }

  /** True where the import came to an end. */
  private async take(record: ImportRecord): Promise<boolean> {
    const { importId, databaseId } = record;
    try {
      const lease = await this.leases.tryAcquire(`import:${databaseId}`);
      if (!lease) return false;
      try {
        const signal = AbortSignal.any([lease.lost, this.stopping.signal]);
        await inSpan(spanOf(record), () => this.run.carryOut(importId, signal));
      } finally {
        await lease.release();
      }
      this.tries.delete(importId);
      return true;
    } catch (error) {
      return await this.failed(record, error);
    }
  }

  /** True where the import is given up; else it is tried again at the next look. */
  private async failed(record: ImportRecord, error: unknown): Promise<boolean> {
    const { importId, correlationId } = record;
    if (error instanceof Superseded) return false;
    if (isUnavailable(error) || error instanceof StoreUnavailable) {
      this.logger.warn({ importId, correlationId }, 'the import waits: Postgres or the event store is away');
      return false;
    }
    const tries = (this.tries.get(importId) ?? 0) + 1;
    this.tries.set(importId, tries);
    const final = error instanceof DomainError && error.kind !== 'unavailable' && error.code !== 'CONCURRENT_CHANGE';
    this.logger.warn({ importId, correlationId, tries, code: codeOf(error) }, 'the import came to a halt');
    if (!final && tries < MOST_TRIES) return false;
    this.tries.delete(importId);
    const reason = error instanceof DomainError ? error.details.detail : `it cannot be carried out (${codeOf(error)})`;
    return this.run.fail(record, reason).then(
      () => true,
      () => false,
    );
  }
}

/** In the trace of the upload, which has ended before. */
function spanOf({ importId, correlationId, traceparent }: ImportRecord): SpanOptions {
  const attributes = { 'muster.import': importId, 'muster.correlation_id': correlationId };
  return { name: 'work segments.import', attributes, from: { traceparent: traceparent ?? undefined } };
}

/** What may stand in a log: messages of Postgres quote values. */
function codeOf(error: unknown): string {
  if (error instanceof Error && 'code' in error) return String(error.code);
  return error instanceof Error ? error.name : 'unknown error';
}
