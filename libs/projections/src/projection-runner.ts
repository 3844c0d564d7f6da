import { secondsBehind, START, type EventStore, type Position } from '@muster/event-store';
import type { Clock } from '@muster/kernel';
import type { Leases } from '@muster/postgres';
import type { Pool } from 'pg';
import { Checkpoints, type Generation } from './checkpoints';
import { ProjectionOwner, type OwnerSurroundings } from './projection-owner';
import type { Projection, Projections, ProjectionStatus } from './projection';

export interface ProjectionRunnerOptions {
  /** Acts as a role that owns `schema` and may create schemas in the database. */
  readonly pool: Pool;
  /** The service's schema: checkpoints and views stand here. */
  readonly schema: string;
  readonly store: EventStore;
  readonly leases: Leases;
  readonly clock: Clock;
  /** Events per transaction at most. Default 2,000. */
  readonly batchEvents?: number;
  /** A position at which nothing was to be written is stored at most this often. Default 1,000 ms. */
  readonly quietMs?: number;
  /** How often ownership is tried for, and rebuilds asked for by other processes are looked for. Default 1,000 ms. */
  readonly pollMs?: number;
  /** The alert: this projection goes no further until the process starts anew or it is rebuilt. */
  readonly onStopped?: (name: string, error: Error) => void;
  /** Something passing was in the way; it is tried again. */
  readonly onInterrupted?: (name: string, error: Error) => void;
}

const READ_POLL_MS = 25;
const LONGEST_SCHEMA = 63;

/** The projections of one service. Each is followed by one process at a time; all of them answer and wait. */
export class ProjectionRunner implements Projections {
  private readonly owners = new Map<string, ProjectionOwner>();
  private readonly checkpoints: Checkpoints;
  private readonly surroundings: OwnerSurroundings;
  private started = false;

  constructor(options: ProjectionRunnerOptions) {
    this.checkpoints = new Checkpoints(options.pool, options.schema);
    this.surroundings = {
      batchEvents: 2_000,
      quietMs: 1_000,
      pollMs: 1_000,
      onStopped: () => undefined,
      onInterrupted: () => undefined,
      ...options,
      checkpoints: this.checkpoints,
    };
  }

  register(projection: Projection): void {
    const { name } = projection;
    if (this.started) throw new Error(`projection ${name}: register before start`);
    if (this.owners.has(name)) throw new Error(`projection ${name} is registered twice`);
    if (!/^[a-z][a-z0-9_]*$/.test(name)) throw new Error(`projection ${name}: a name is in snake case`);
    if (`${this.surroundings.schema}_${name}_9999`.length > LONGEST_SCHEMA) {
      throw new Error(`projection ${name}: the name is too long for a schema of its own`);
    }
    const both = projection.handles.filter((type) => projection.ignores.includes(type));
    if (both.length > 0) throw new Error(`projection ${name} handles and ignores ${both.join(', ')}`);
    this.owners.set(name, new ProjectionOwner(projection, this.surroundings));
  }

  async start(): Promise<void> {
    this.started = true;
    await this.checkpoints.ensure();
    for (const owner of this.owners.values()) owner.start();
  }

  async stop(): Promise<void> {
    await Promise.all([...this.owners.values()].map((owner) => owner.stop()));
  }

  async status(): Promise<readonly ProjectionStatus[]> {
    const [head, generations] = await Promise.all([this.surroundings.store.head(), this.checkpoints.generations()]);
    const own = generations.filter(({ name, state }) => this.owners.has(name) && state !== 'retired');
    return Promise.all(own.map((generation) => this.statusOf(generation, head)));
  }

  async rebuild(name: string): Promise<void> {
    const owner = this.owner(name);
    const generation = await this.checkpoints.build(owner.projection);
    owner.wake();
    while (!owner.ended) {
      const row = (await this.checkpoints.generations(name)).find((candidate) => candidate.generation === generation);
      if (row?.state === 'live') return;
      if (!row || row.state === 'retired')
        throw new Error(`projection ${name}: the rebuild failed, or another took its place`);
      if (row.error !== null) throw new Error(`projection ${name}: the rebuild stopped: ${row.error}`);
      await owner.progress(READ_POLL_MS);
    }
    throw new Error(`projection ${name}: stopped before the rebuild was done`);
  }

  async waitFor(name: string, position: Position, timeoutMs: number): Promise<boolean> {
    const owner = this.owner(name);
    const deadline = performance.now() + timeoutMs;
    for (;;) {
      const scanned = owner.scanned ?? (await this.storedPosition(name));
      if (scanned >= position) return true;
      const left = deadline - performance.now();
      if (left <= 0) return false;
      await owner.progress(Math.min(left, READ_POLL_MS));
    }
  }

  private owner(name: string): ProjectionOwner {
    const owner = this.owners.get(name);
    if (!owner) throw new Error(`there is no projection ${name}`);
    return owner;
  }

  private async storedPosition(name: string): Promise<Position> {
    const live = (await this.checkpoints.generations(name)).find(({ state }) => state === 'live');
    return live?.position ?? START;
  }

  private async statusOf({ name, generation, version, ...row }: Generation, head: Position): Promise<ProjectionStatus> {
    const { store, clock } = this.surroundings;
    const owner = this.owner(name);
    const isLive = row.state === 'live';
    const scanned = (isLive ? owner.scanned : undefined) ?? row.position;
    const position = scanned > row.position ? scanned : row.position;
    const error = row.error ?? owner.stoppedBy?.message;
    return {
      name,
      version,
      generation,
      state: error !== undefined ? 'stopped' : isLive ? 'live' : 'building',
      position,
      lagEvents: position < head ? await store.distance(position, head) : 0,
      lagSeconds: position < head ? await secondsBehind(store, position, clock.now()) : 0,
      ...(error !== undefined && { error }),
    };
  }
}
