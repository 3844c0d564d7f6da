import type { Position } from '@muster/event-store';
import { asError, OwnedWork, pause, type Leases } from '@muster/postgres';
import { FencedOff, type Generation } from './checkpoints';
import { goesOn } from './failures';
import { GenerationFollower, type FollowerSurroundings } from './generation-follower';
import type { Projection } from './projection';
import { RebuildWatch } from './rebuild-watch';

export interface OwnerSurroundings extends FollowerSurroundings {
  readonly leases: Leases;
  /** How often a process that does not own the projection tries to, and one that does looks for asked-for rebuilds. */
  readonly pollMs: number;
  readonly onStopped: (name: string, error: Error) => void;
  readonly onInterrupted: (name: string, error: Error) => void;
}

/** One projection in this process: waits to own it, follows its live generation, builds and swaps the next one. */
export class ProjectionOwner {
  private live: GenerationFollower | undefined;
  private readonly work: OwnedWork;
  private readonly ending = new AbortController();
  private waiting: Promise<void> | undefined;
  private readonly listeners = new Set<() => void>();

  constructor(
    readonly projection: Projection,
    private readonly surroundings: OwnerSurroundings,
  ) {
    const { leases, pollMs, schema, onStopped, onInterrupted } = surroundings;
    const { name } = projection;
    this.work = new OwnedWork({
      name,
      key: `projection:${schema}.${name}`,
      leases,
      pollMs,
      work: (signal) => this.own(signal),
      isPassing: goesOn,
      onStopped: (stopped, error) => {
        onStopped(stopped, error);
        this.waiting = this.untilAsked();
      },
      onInterrupted,
    });
  }

  start(): void {
    this.work.start();
  }

  async stop(): Promise<void> {
    this.ending.abort();
    await this.work.stop();
    await this.waiting;
  }

  get ended(): boolean {
    return this.work.ended;
  }

  get stoppedBy(): Error | undefined {
    return this.work.stoppedBy;
  }

  /** A generation may be there to be built, or a reason to stop may be gone: look now. */
  wake(): void {
    this.work.wake();
  }

  /** How far the live generation has scanned, where this process follows it. */
  get scanned(): Position | undefined {
    return this.live?.scanned;
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
    this.work.progressed();
    for (const listener of this.listeners) listener();
  };

  private async own(signal: AbortSignal): Promise<void> {
    const { checkpoints } = this.surroundings;
    const epoch = await checkpoints.takeOver(this.projection);
    try {
      while (!signal.aborted) {
        const { live, building } = await this.prepare();
        if (building) await this.buildAndSwap(live, building, epoch, signal);
        else await this.followLive(live, epoch, signal);
      }
    } catch (error) {
      if (!goesOn(error)) {
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
    if (current.version !== version || (await checkpoints.request(name))) {
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
    const { name } = this.projection;
    while (!signal.aborted) {
      const { woken } = this.work;
      if (await checkpoints.request(name)) return;
      const generations = await checkpoints.generations(name);
      if (generations.some(({ state }) => state === 'building')) return;
      await pause(pollMs, AbortSignal.any([signal, woken]));
    }
  }

  /** One that stopped looks for nothing but what operators ask of it. */
  private async untilAsked(): Promise<void> {
    const { checkpoints, pollMs } = this.surroundings;
    for (;;) {
      await pause(pollMs, this.ending.signal);
      if (this.ending.signal.aborted || !this.work.stoppedBy) return;
      // Postgres away: asked again.
      if (await checkpoints.request(this.projection.name).catch(() => undefined)) {
        this.work.wake();
        return;
      }
    }
  }

  private async buildAndSwap(
    live: Generation,
    building: Generation,
    epoch: number,
    signal: AbortSignal,
  ): Promise<void> {
    const { checkpoints, onInterrupted, pollMs } = this.surroundings;
    const { name } = this.projection;
    const enough = new AbortController();
    const broken = new AbortController();
    const next = this.follower(building, epoch);
    // A live generation of another version stands still: this code cannot apply to its tables.
    const current = live.version === this.projection.version ? this.follower(live, epoch) : undefined;
    this.live = current;
    const following = current?.run(AbortSignal.any([signal, enough.signal])).catch((error: unknown) => {
      onInterrupted(name, asError(error));
      if (goesOn(error)) broken.abort(error);
    });
    const watch = new RebuildWatch(checkpoints, building, AbortSignal.any([signal, enough.signal]), pollMs);
    const going = AbortSignal.any([signal, broken.signal, watch.cancelled]);
    try {
      await next.run(going, () => next.caughtUp);
      // Beside a live one that stands still it is not held: readers would be kept from what happens.
      if (current && (await watch.held())) await next.run(AbortSignal.any([going, watch.released]));
      broken.signal.throwIfAborted();
      if (going.aborted) return;
      // From here on only the next one moves, so that it passes the live one and nobody reads backwards.
      enough.abort();
      await following;
      if (current && next.scanned < current.scanned) await next.run(signal, () => next.scanned >= current.scanned);
      if (signal.aborted) return;
      await checkpoints.swap(this.projection, building.generation, epoch);
      this.live = next;
      this.progressed();
    } catch (error) {
      if (!current || goesOn(error)) throw error;
      // A rebuild that fails costs the live generation nothing.
      onInterrupted(name, asError(error));
      await checkpoints.giveUp(building, asError(error).message);
    } finally {
      enough.abort();
      await following;
      await watch.ended;
    }
  }

  private follower(generation: Generation, epoch: number): GenerationFollower {
    return new GenerationFollower(this.surroundings, this.projection, generation, epoch, this.progressed);
  }
}
