import type { EventStore } from '@muster/event-store';
import type { OperatedBus } from '@muster/messaging';
import { Inject, Injectable } from '@nestjs/common';
import type { Pool } from 'pg';
import { STORE_POOL } from '../platform-options';
import { EVENT_STORE, INTEGRATION_BUS } from '../tokens';
import { Closing } from './closing';
import { Dependencies } from './dependencies';
import { Runners } from './runners';

export interface Readiness {
  /** `degraded`: answers, and some of what it answers is old. `unavailable`: send requests elsewhere. */
  readonly status: 'ready' | 'degraded' | 'unavailable';
  /** For people: what is wrong, where. */
  readonly reasons: readonly string[];
}

/** A projection that is this much behind is worth a word. */
const LAG_SECONDS = 60;
const ANSWER_WITHIN_MS = 2_000;

/** Whether this process should get requests. A stopped projection takes no process out of service: it is one of many. */
@Injectable()
export class ReadinessProbe {
  constructor(
    private readonly closing: Closing,
    private readonly runners: Runners,
    private readonly dependencies: Dependencies,
    @Inject(INTEGRATION_BUS) private readonly bus: OperatedBus,
    @Inject(EVENT_STORE) private readonly store: EventStore,
    @Inject(STORE_POOL) private readonly pool: Pool,
  ) {}

  async check(): Promise<Readiness> {
    if (this.closing.signal.aborted) return { status: 'unavailable', reasons: ['the process is stopping'] };
    const away = await this.away();
    if (away.length > 0) return { status: 'unavailable', reasons: away };
    try {
      const reasons = await inTime(this.reasons());
      return { status: reasons.length > 0 ? 'degraded' : 'ready', reasons };
    } catch {
      return { status: 'degraded', reasons: ['what goes on in this process cannot be seen: Postgres is slow'] };
    }
  }

  /** Without these nothing can be answered. */
  private async away(): Promise<readonly string[]> {
    if (await fails(this.pool.query('SELECT 1'))) return ['Postgres does not answer'];
    return (await fails(this.store.head())) ? ['the event store does not answer'] : [];
  }

  private async reasons(): Promise<readonly string[]> {
    const [trouble, ...others] = await Promise.all([
      this.bus.trouble(),
      this.laggards(),
      this.brokenParts(),
      this.dependencies.missing(),
    ]);
    return [...(trouble === null ? [] : [trouble]), ...others.flat()];
  }

  private async brokenParts(): Promise<readonly string[]> {
    return (await this.bus.status()).flatMap(({ name, kind, state, parkedKeys }) => {
      if (state === 'stopped') return [`the ${kind} ${name} has stopped: see the log`];
      const keys = parkedKeys.length;
      return keys > 0 ? [`the consumer ${name} has set events of ${String(keys)} keys aside`] : [];
    });
  }

  private async laggards(): Promise<readonly string[]> {
    return (await this.runners.projectionStatus()).flatMap(({ context, name, state, lagSeconds }) => {
      const projection = `the projection ${context}.${name}`;
      if (state === 'stopped') return [`${projection} has stopped`];
      return lagSeconds > LAG_SECONDS ? [`${projection} is ${String(Math.round(lagSeconds))} s behind`] : [];
    });
  }
}

async function fails(work: Promise<unknown>): Promise<boolean> {
  return inTime(work).then(
    () => false,
    () => true,
  );
}

async function inTime<T>(work: Promise<T>): Promise<T> {
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<never>((_, reject) => {
    timer = setTimeout(() => reject(new Error('no answer in time')), ANSWER_WITHIN_MS);
  });
  try {
    return await Promise.race([work, late]);
  } finally {
    clearTimeout(timer);
  }
}
