import { START } from '@muster/event-store';
import type { ServiceContext } from '@muster/platform/config';
import { Checkpoints, RebuildRequests, type Generation, type RebuildRequest } from '@muster/projections';
import { WrongUsage } from '../failures';
import { LagGauge } from '../lag';
import type { Tool } from '../tool';

/**
 * `asked`: a rebuild is asked for and no owner has begun it. `held`: built, or being built, and not shown until swap.
 * `failed`: a rebuild that was given up; `error` says why.
 */
export type ProjectionStateName = 'live' | 'stopped' | 'building' | 'held' | 'asked' | 'failed';

/** One generation of a read model, or the wish for one. */
export interface ProjectionState {
  readonly context: ServiceContext;
  readonly name: string;
  readonly version: number | null;
  readonly generation: number | null;
  readonly state: ProjectionStateName;
  readonly position: string | null;
  readonly lagEvents: number | null;
  readonly lagSeconds: number | null;
  readonly error: string | null;
}

/** All projections of all contexts. */
export async function projectionStates({ surroundings, now }: Tool): Promise<readonly ProjectionState[]> {
  const gauge = await LagGauge.of(await surroundings.store(), now());
  const states: ProjectionState[] = [];
  for (const context of await surroundings.contextsWith('projection_checkpoint')) {
    const pool = surroundings.pool(context);
    const generations = await new Checkpoints(pool, context).generations();
    const requests = await new RebuildRequests(pool, context).all();
    for (const generation of generations) {
      if (generation.state === 'retired') continue;
      const { events, seconds } = await gauge.after(generation.position);
      const request = requests.find(({ name }) => name === generation.name);
      states.push({ ...shown(context, generation, request), lagEvents: events, lagSeconds: seconds });
    }
    states.push(...requests.flatMap((request) => pending(context, request, generations)));
  }
  return states;
}

function shown(
  context: ServiceContext,
  { name, version, generation, state, position, error }: Generation,
  request: RebuildRequest | undefined,
): Omit<ProjectionState, 'lagEvents' | 'lagSeconds'> {
  const building = request?.hold === true ? 'held' : 'building';
  return {
    context,
    name,
    version,
    generation,
    state: error !== null ? 'stopped' : state === 'live' ? 'live' : building,
    position: position === START ? null : position,
    error,
  };
}

/** Wishes of which no generation shows anything. */
function pending(
  context: ServiceContext,
  { name, error }: RebuildRequest,
  generations: readonly Generation[],
): ProjectionState[] {
  const begun = generations.some((generation) => generation.name === name && generation.state === 'building');
  if (begun && error === null) return [];
  const nothing = { version: null, generation: null, position: null, lagEvents: null, lagSeconds: null };
  return [{ context, name, ...nothing, state: error === null ? 'asked' : 'failed', error }];
}

/** The projection that is called `<context>.<name>`. Throws with those that exist. */
export async function findProjection(
  tool: Tool,
  wanted: string,
): Promise<{ readonly context: ServiceContext; readonly name: string }> {
  const known: string[] = [];
  for (const context of await tool.surroundings.contextsWith('projection_checkpoint')) {
    const generations = await new Checkpoints(tool.surroundings.pool(context), context).generations();
    for (const name of new Set(generations.map((generation) => generation.name))) {
      if (`${context}.${name}` === wanted) return { context, name };
      known.push(`${context}.${name}`);
    }
  }
  throw new WrongUsage(
    known.length === 0
      ? `there is no projection ${wanted}: no service has made any yet`
      : `there is no projection ${wanted}; there are: ${known.join(', ')}`,
  );
}
