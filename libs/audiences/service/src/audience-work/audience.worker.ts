import { StoreUnavailable } from '@muster/event-store';
import { DomainError } from '@muster/kernel';
import { BackgroundWork, InjectLeases, type Lease, type Leases } from '@muster/platform';
import { isUnavailable } from '@muster/postgres';
import { inSpan } from '@muster/tracing';
import {
  Injectable,
  Logger,
  type BeforeApplicationShutdown,
  type OnApplicationBootstrap,
  type OnModuleInit,
} from '@nestjs/common';
import { AudienceLog } from '../audiences/audience-log';
import { Intake } from '../intake/intake';
import type { WorkRow } from '../intake/intake-row';
import { WorkCursors } from '../intake/work-cursors';
import { Interrupted, type Attempt } from './attempt';
import { AudienceSteps } from './audience-steps';

const POLL_MS = 1_000;
const FORGET_EVERY_POLLS = 60;
/** Campaigns that one process works on at once. */
const PARALLEL = 4;
const LONGEST_WAIT_MS = 60_000;

/**
 * Takes what was filed into the audiences: one writer per audience at a time, several audiences side by side. Woken at
 * once when something is filed in this process, and looking now and then for what another one has filed or left.
 */
@Injectable()
export class AudienceWorker implements OnModuleInit, OnApplicationBootstrap, BeforeApplicationShutdown {
  private readonly logger = new Logger(AudienceWorker.name);
  private readonly working = new Map<string, Promise<void>>();
  /** Campaigns that another process works on, as of the last poll. */
  private readonly elsewhere = new Set<string>();
  private looking: Promise<void> | undefined;
  private lookAgain = false;
  private timer: NodeJS.Timeout | undefined;
  private polls = 0;
  private stopped = true;

  constructor(
    private readonly intake: Intake,
    private readonly cursors: WorkCursors,
    private readonly steps: AudienceSteps,
    private readonly log: AudienceLog,
    private readonly background: BackgroundWork,
    @InjectLeases('audiences') private readonly leases: Leases,
  ) {}

  onModuleInit(): void {
    this.background.register({
      name: 'audiences.worker',
      busy: async () => this.working.size > 0 || (await this.intake.due()).length > 0,
    });
  }

  onApplicationBootstrap(): void {
    this.stopped = false;
    this.poll();
  }

  async beforeApplicationShutdown(): Promise<void> {
    this.stopped = true;
    clearTimeout(this.timer);
    await this.looking;
    await Promise.all(this.working.values());
  }

  /** Something was filed. */
  wake(): void {
    this.lookAgain = true;
    if (this.stopped) return;
    this.looking ??= this.look().finally(() => {
      this.looking = undefined;
    });
  }

  private poll(): void {
    this.elsewhere.clear();
    this.wake();
    if (++this.polls % FORGET_EVERY_POLLS === 0) {
      this.intake.forget().catch((error: unknown) => this.logger.warn({ err: error }, 'the intake was not tidied'));
    }
    this.timer = setTimeout(() => this.poll(), POLL_MS).unref();
  }

  private async look(): Promise<void> {
    try {
      while (this.lookAgain && !this.stopped) {
        this.lookAgain = false;
        for (const campaignId of await this.intake.due()) this.begin(campaignId);
      }
    } catch (error) {
      this.logger.warn({ err: error }, 'the intake cannot be read');
    }
  }

  private begin(campaignId: string): void {
    if (this.working.has(campaignId) || this.elsewhere.has(campaignId) || this.working.size >= PARALLEL) return;
    const work = this.workOn(campaignId)
      .catch((error: unknown) => {
        this.elsewhere.add(campaignId);
        this.logger.warn({ err: error, campaignId }, 'an audience waits for the next attempt');
      })
      .finally(() => {
        this.working.delete(campaignId);
        this.wake();
      });
    this.working.set(campaignId, work);
  }

  private async workOn(campaignId: string): Promise<void> {
    const lease = await this.leases.tryAcquire(`audience:${campaignId}`);
    if (!lease) {
      this.elsewhere.add(campaignId);
      return;
    }
    try {
      await this.takeAll(campaignId, lease);
    } finally {
      await lease.release();
    }
  }

  private async takeAll(campaignId: string, lease: Lease): Promise<void> {
    const attempt: Attempt = {
      check: () => {
        if (this.stopped || lease.lost.aborted) throw new Interrupted();
      },
    };
    for (let before: WorkRow | undefined; ;) {
      if (this.stopped || lease.lost.aborted) return;
      const row = await this.intake.next(campaignId);
      if (!row) return;
      try {
        // Its marks say that it was done, and its head that it was not: going on would be for ever.
        if (before && isSame(row, before)) throw new Error('what was done is due again: the audience is not whole');
        before = row;
        await this.take(campaignId, row, attempt);
      } catch (error) {
        if (error instanceof Interrupted) return;
        if (isOurs(error)) throw error;
        await this.park(campaignId, row, error);
      }
    }
  }

  /** In the trace of what was filed, which may have ended long ago. */
  private take(campaignId: string, row: WorkRow, attempt: Attempt): Promise<void> {
    const { kind, correlationId, traceparent } = row;
    const attributes = { 'muster.aggregate': campaignId, 'muster.correlation_id': correlationId };
    const from = { traceparent: traceparent ?? undefined };
    return inSpan({ name: `work audiences.${kind}`, attributes, from }, async () => {
      await this.steps.take(campaignId, row, attempt);
      await this.cursors.passed(campaignId, row, await this.log.head(campaignId));
    });
  }

  /** Stops this source for this audience, and nothing else, until the next attempt. */
  private async park(campaignId: string, row: WorkRow, error: unknown): Promise<void> {
    const reason = reasonOf(error);
    const waits = error instanceof DomainError && error.code === 'SEGMENT_RUN_IN_PROGRESS';
    const { attempts, isNews } = await this.cursors.park(campaignId, row, reason, (tries) =>
      waits ? POLL_MS / 2 : Math.min(LONGEST_WAIT_MS, 500 * 2 ** Math.min(tries, 10)),
    );
    if (!isNews || waits) return;
    const { kind, sourceStream, revision, correlationId } = row;
    const about = { campaignId, kind, sourceStream, revision, correlationId, attempts };
    this.logger.error({ err: error, ...about }, 'an audience cannot go on');
    await this.steps.reportFailure(row, reason);
  }
}

function isSame(one: WorkRow, other: WorkRow): boolean {
  return one.sourceStream === other.sourceStream && one.revision === other.revision;
}

/** The store or the database is away, or another writer was faster: the row is not to blame. */
function isOurs(error: unknown): boolean {
  if (error instanceof StoreUnavailable || isUnavailable(error)) return true;
  return error instanceof DomainError && (error.code === 'CONCURRENT_CHANGE' || error.code === 'REVISION_STALE');
}

/** What people are told: the rules' own words, and no internals of others. */
function reasonOf(error: unknown): string {
  return error instanceof DomainError
    ? error.details.detail
    : 'The audience could not be worked on for a reason of ours.';
}
