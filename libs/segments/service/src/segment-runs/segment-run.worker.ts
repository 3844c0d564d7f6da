import { StoreUnavailable } from '@muster/event-store';
import { DomainError } from '@muster/kernel';
import { BackgroundWork, InjectLeases, type Leases, type Worker } from '@muster/platform';
import { isUnavailable } from '@muster/postgres';
import {
  Injectable,
  Logger,
  type BeforeApplicationShutdown,
  type OnApplicationBootstrap,
  type OnModuleInit,
} from '@nestjs/common';
import { SegmentsQuery } from '../read-models/segments/segments.query';
import { SegmentRun } from './segment-run';

const POLL_MS = 1_000;

/**
 * Carries out runs in the background, one at a time in a process: woken at once by the command that starts one, and
 * looking at the log of runs now and then for those that another process has left.
 */
@Injectable()
export class SegmentRunWorker implements Worker, OnModuleInit, OnApplicationBootstrap, BeforeApplicationShutdown {
  readonly name = 'segments.runs';
  private readonly logger = new Logger(SegmentRunWorker.name);
  private readonly due = new Set<string>();
  private working: Promise<void> | undefined;
  private timer: NodeJS.Timeout | undefined;
  private stopped = false;

  constructor(
    private readonly run: SegmentRun,
    private readonly segments: SegmentsQuery,
    @InjectLeases('segments') private readonly leases: Leases,
    private readonly work: BackgroundWork,
  ) {}

  onModuleInit(): void {
    this.work.register(this);
  }

  async busy(): Promise<boolean> {
    return this.working !== undefined || (await this.segments.running()).length > 0;
  }

  onApplicationBootstrap(): void {
    // Its projection starts at the same time: a new log of runs takes a moment to be there.
    this.timer = setTimeout(() => this.poll(), POLL_MS).unref();
  }

  async beforeApplicationShutdown(): Promise<void> {
    this.stopped = true;
    clearTimeout(this.timer);
    await this.working;
  }

  /** The segment has a run to carry out. */
  wake(segmentId: string): void {
    this.due.add(segmentId);
    this.working ??= this.workThrough().finally(() => {
      this.working = undefined;
    });
  }

  private poll(): void {
    this.segments
      .running()
      .then((segmentIds) => {
        if (!this.stopped) segmentIds.forEach((segmentId) => this.wake(segmentId));
      })
      .catch((error: unknown) => this.logger.warn({ err: error }, 'the log of runs cannot be read'))
      .finally(() => {
        if (!this.stopped) this.timer = setTimeout(() => this.poll(), POLL_MS).unref();
      });
  }

  private async workThrough(): Promise<void> {
    for (const segmentId of this.due) {
      if (this.stopped) return;
      this.due.delete(segmentId);
      await this.workOn(segmentId);
    }
  }

  private async workOn(segmentId: string): Promise<void> {
    try {
      const lease = await this.leases.tryAcquire(`segment-run:${segmentId}`);
      if (!lease) return;
      try {
        await this.run.execute(segmentId);
      } catch (error) {
        if (isPassing(error)) throw error;
        const correlationId = await this.run.fail(segmentId, reasonOf(error));
        this.logger.error({ err: error, segmentId, correlationId }, 'a recalculation failed');
      } finally {
        await lease.release();
      }
    } catch (error) {
      this.logger.warn({ err: error, segmentId }, 'a recalculation waits for a dependency');
    }
  }
}

/** The next look at the log of runs tries again. */
function isPassing(error: unknown): boolean {
  if (error instanceof StoreUnavailable || isUnavailable(error)) return true;
  return error instanceof DomainError && ['CONCURRENT_CHANGE', 'REVISION_STALE'].includes(error.code);
}

/** What people are told: the rules' own words, and no internals of others. */
function reasonOf(error: unknown): string {
  if (error instanceof DomainError) return error.details.detail;
  const code = error instanceof Error && 'code' in error ? String(error.code) : '';
  return code === '57014' ? 'The evaluation took too long.' : 'The evaluation failed for a reason of ours.';
}
