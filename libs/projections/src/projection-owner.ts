import type { Position } from '@muster/event-store';
import { setTimeout as sleep } from 'node:timers/promises';
import { FencedOff, type Generation } from './checkpoints';
import { isPassing } from './failures';
import { GenerationFollower, type FollowerSurroundings } from './generation-follower';
import type { Lease, Leases } from './ownership';
import type { Projection } from './projection';

export interface OwnerSurroundings extends FollowerSurroundings {
  readonly schema: string;
  readonly leases: Leases;
  /** How often a process that does not own the projection tries to, and one that does looks for asked-for rebuilds. */
  readonly pollMs: number;
  readonly onStopped: (name: string, error: Error) => void;
  readonly onInterrupted: (name: string, error: Error) => void;
}

const FIRST_PAUSE_MS = 50;
const LONGEST_PAUSE_MS = 5_000;

/** One projection in this process: waits to own it, follows its live generation, builds and swaps the next one. */
export class ProjectionOwner {
  /** Why it does not go on until someone asks it to. */
  stoppedBy: Error | undefined;
  private live: GenerationFollower | undefined;
  private readonly ending = new AbortController();
  private running: Promise<void> | undefined;
  private wakeUp = new AbortController();
  private readonly listeners = new Set<() => void>();
  private pauseMs = FIRST_PAUSE_MS;

  constructor(
    readonly projection: Projection,
    private readonly surroundings: OwnerSurroundings,
  ) {}

  start(): void {
    this.running ??= this.run();
  }

  async stop(): Promise<void> {
    this.ending.abort();
    await this.running;
  }

  get ended(): boolean {
    return this.ending.signal.aborted;
  }

  /** How far the live generation has scanned, where this process follows it. */
  get scanned(): Position | undefined {
    return this.live?.scanned;
  }

  /** A generation may be there to be built, or a reason to stop may be gone: look now. */
  wake(): void {
    this.stoppedBy = undefined;
    this.wakeUp.abort();
    this.wakeUp = new AbortController();
  }

  /** Resolves at the next progress of the live generation, or after `ms`. */
  async progress(ms: number): Promise<void> {
    let listener: (() => void) | undefined;
    const timer = new AbortController();
    const progressed = new Promise<void>((resolve) => {
      listener = resolve;
      this.listeners.add(resolve);
    });
    try {
      await Promise.race([progressed, pause(ms, timer.signal)]);
    } finally {
      timer.abort();
      if (listener) this.listeners.delete(listener);
    }
  }

  private readonly progressed = (): void => {
    this.pauseMs = FIRST_PAUSE_MS;
    for (const listener of this.listeners) listener();
  };

  private async run(): Promise<void> {
    while (!this.ended) {
      const lease = await this.acquire();
      if (!lease) {
        await pause(this.surroundings.pollMs, this.ending.signal);
        continue;
      }
      try {
        await this.own(lease);
      } catch (error) {
        await this.failed(error);
      } finally {
        await lease.release();
      }
      if (this.stoppedBy) await this.untilWoken();
    }
  }

  private async acquire(): Promise<Lease | null> {
    const { leases, schema } = this.surroundings;
    try {
      return await leases.tryAcquire(`projection:${schema}.${this.projection.name}`);
    } catch (error) {
      this.surroundings.onInterrupted(this.projection.name, asError(error));
      return null;
    }
  }

  private async failed(error: unknown): Promise<void> {
    const { name } = this.projection;
    if (error instanceof FencedOff || isPassing(error)) {
      this.surroundings.onInterrupted(name, asError(error));
      await pause(this.pauseMs, this.ending.signal);
      this.pauseMs = Math.min(2 * this.pauseMs, LONGEST_PAUSE_MS);
    } else {
      this.stoppedBy = asError(error);
      this.surroundings.onStopped(name, this.stoppedBy);
    }
  }

  private async untilWoken(): Promise<void> {
    await aborted(AbortSignal.any([this.ending.signal, this.wakeUp.signal]));
  }

  private async own({ lost }: Lease): Promise<void> {
    const { checkpoints } = this.surroundings;
    const signal = AbortSignal.any([lost, this.ending.signal]);
    const epoch = await checkpoints.takeOver(this.projection);
    try {
      while (!signal.aborted) {
        const { live, building } = await this.prepare();
        if (building) await this.buildAndSwap(live, building, epoch, signal);
        else await this.followLive(live, epoch, signal);
      }
    } catch (error) {
      if (!isPassing(error) && !(error instanceof FencedOff)) {
        await checkpoints.recordError(this.projection.name, epoch, asError(error).message);
      }
      throw error;
    } finally {
      this.live = undefined;
    }
  }

  /** Drops what is of no use, begins what is needed, and says what there is to follow. */
  private async prepare(): Promise<{ live: Generation; building: Generation | undefined }> {
    const { checkpoints } = this.surroundings;
    const { name, version } = this.projection;
    let generations = await checkpoints.generations(name);
    const useless = generations.filter(
      ({ state, version: built }) => state === 'retired' || (state === 'building' && built !== version),
    );
    for (const generation of useless) await checkpoints.drop(generation);
    const current = generations.find(({ state }) => state === 'live');
    if (!current) throw new FencedOff(`projection ${name}: its live generation is gone`);
    if (current.version !== version) {
      await checkpoints.build(this.projection);
      generations = await checkpoints.generations(name);
    }
    const building = generations.find(({ state, version: built }) => state === 'building' && built === version);
    return { live: current, building };
  }

  private async followLive(generation: Generation, epoch: number, signal: AbortSignal): Promise<void> {
    const round = new AbortController();
    const both = AbortSignal.any([signal, round.signal]);
    const rebuild = this.untilBuilding(both).then(
      () => {
        round.abort();
      },
      (error: unknown) => {
        round.abort();
        throw error;
      },
    );
    rebuild.catch(() => undefined);
    this.live = this.follower(generation, epoch);
    try {
      await this.live.run(both);
    } finally {
      round.abort();
    }
    await rebuild;
  }

  /** Resolves when someone, here or in another process, has asked for a rebuild. */
  private async untilBuilding(signal: AbortSignal): Promise<void> {
    const { checkpoints, pollMs } = this.surroundings;
    while (!signal.aborted) {
      const wakeUp = this.wakeUp.signal;
      const generations = await checkpoints.generations(this.projection.name);
      if (generations.some(({ state }) => state === 'building')) return;
      await pause(pollMs, AbortSignal.any([signal, wakeUp]));
    }
  }

  private async buildAndSwap(
    live: Generation,
    building: Generation,
    epoch: number,
    signal: AbortSignal,
  ): Promise<void> {
    const enough = new AbortController();
    const next = this.follower(building, epoch);
    // A live generation of another version stands still: this code cannot apply to its tables.
    const current = live.version === this.projection.version ? this.follower(live, epoch) : undefined;
    this.live = current;
    const following = current?.run(AbortSignal.any([signal, enough.signal])).catch((error: unknown) => {
      this.surroundings.onInterrupted(this.projection.name, asError(error));
    });
    try {
      await next.run(signal, () => next.caughtUp);
      // From here on only the next one moves, so that it passes the live one and nobody reads backwards.
      enough.abort();
      await following;
      if (current && next.scanned < current.scanned) await next.run(signal, () => next.scanned >= current.scanned);
      if (signal.aborted) return;
      await this.surroundings.checkpoints.swap(this.projection, building.generation, epoch);
      this.live = next;
      this.progressed();
    } catch (error) {
      if (!current || isPassing(error) || error instanceof FencedOff) throw error;
      // A rebuild that fails costs the live generation nothing.
      this.surroundings.onInterrupted(this.projection.name, asError(error));
      await this.surroundings.checkpoints.drop(building);
    } finally {
      enough.abort();
      await following;
    }
  }

  private follower(generation: Generation, epoch: number): GenerationFollower {
    return new GenerationFollower(this.surroundings, this.projection, generation, epoch, this.progressed);
  }
}

async function pause(ms: number, signal: AbortSignal): Promise<void> {
  await sleep(ms, undefined, { signal }).catch(() => undefined);
}

function aborted(signal: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    if (signal.aborted) resolve();
    else {
      signal.addEventListener(
        'abort',
        () => {
          resolve();
        },
        { once: true },
      );
    }
  });
}

function asError(error: unknown): Error {
  return error instanceof Error ? error : new Error(String(error));
}
