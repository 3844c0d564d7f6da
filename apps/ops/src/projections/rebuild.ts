import type { Position } from '@muster/event-store';
import type { ServiceContext } from '@muster/platform/config';
import { Checkpoints, RebuildRequests } from '@muster/projections';
import { setTimeout as sleep } from 'node:timers/promises';
import { Failure } from '../failures';
import { LagGauge } from '../lag';
import type { Tool, Verdict } from '../tool';
import { findProjection } from './projection-states';

export interface RebuildOptions {
  readonly hold?: boolean;
  /** Seconds. */
  readonly wait?: number;
}

const LOOK_MS = 250;

export async function askForRebuild(tool: Tool, wanted: string, options: RebuildOptions): Promise<Verdict> {
  const { context, name } = await findProjection(tool, wanted);
  const hold = options.hold ?? false;
  const { requests, checkpoints } = parts(tool, context);
  const before = await checkpoints.generations(name);
  const live = before.find(({ state }) => state === 'live');
  const building = before.find(({ state }) => state === 'building');
  if (hold && building && building.version !== live?.version) {
    throw new Failure(
      `${wanted}: version ${String(building.version)} of the code is being built already, and is shown when it has caught up`,
    );
  }
  await requests.ask(name, hold);
  const end = hold ? 'It is shown by: muster-ops projections swap ' + wanted : 'It is shown when it has caught up.';
  tool.output.line(`${wanted}: the next generation is built beside the live one. ${end}`);
  await sayWhoDoesIt(tool, context);
  if (options.wait === undefined) return 'ok';
  return waitUntilDone(tool, context, name, { from: live?.generation ?? 0, hold, seconds: options.wait });
}

export async function swap(tool: Tool, wanted: string, options: Pick<RebuildOptions, 'wait'>): Promise<Verdict> {
  const { context, name } = await findProjection(tool, wanted);
  const { requests, checkpoints } = parts(tool, context);
  const live = (await checkpoints.generations(name)).find(({ state }) => state === 'live');
  if (!(await requests.release(name))) {
    throw new Failure(
      `${wanted}: nothing is held back; that is done by: muster-ops projections rebuild ${wanted} --hold`,
    );
  }
  tool.output.line(`${wanted}: what was held back is shown as soon as it has caught up.`);
  await sayWhoDoesIt(tool, context);
  if (options.wait === undefined) return 'ok';
  return waitUntilDone(tool, context, name, { from: live?.generation ?? 0, hold: false, seconds: options.wait });
}

export async function cancel(tool: Tool, wanted: string): Promise<Verdict> {
  const { context, name } = await findProjection(tool, wanted);
  if (!(await parts(tool, context).requests.cancel(name))) {
    throw new Failure(`${wanted}: no rebuild is under way that an operator has asked for`);
  }
  tool.output.line(`${wanted}: the rebuild is cancelled; the live generation stays.`);
  return 'ok';
}

function parts({ surroundings }: Tool, context: ServiceContext) {
  const pool = surroundings.pool(context);
  return { requests: new RebuildRequests(pool, context), checkpoints: new Checkpoints(pool, context) };
}

/** The owner does it: a request that nobody reads would look like one that hangs. */
async function sayWhoDoesIt({ surroundings, output }: Tool, context: ServiceContext): Promise<void> {
  const running = await surroundings.running();
  if (!running.includes(context)) output.note(`No process of ${context} is running now: it begins when one does.`);
}

interface Awaited {
  /** The live generation when it was asked for. */
  readonly from: number;
  readonly hold: boolean;
  readonly seconds: number;
}

async function waitUntilDone(tool: Tool, context: ServiceContext, name: string, wanted: Awaited): Promise<Verdict> {
  const { requests, checkpoints } = parts(tool, context);
  const deadline = performance.now() + wanted.seconds * 1_000;
  for (;;) {
    const request = (await requests.all()).find((asked) => asked.name === name);
    if (request && request.error !== null)
      throw new Failure(`${context}.${name}: the rebuild failed: ${request.error}`);
    const generations = await checkpoints.generations(name);
    const live = generations.find(({ state }) => state === 'live');
    if (live && live.generation > wanted.from) {
      tool.output.line(`${context}.${name}: generation ${String(live.generation)} is live.`);
      return 'ok';
    }
    const building = generations.find(({ state }) => state === 'building');
    if (wanted.hold && building && (await isCaughtUp(tool, building.position))) {
      tool.output.line(`${context}.${name}: generation ${String(building.generation)} has caught up and is held back.`);
      return 'ok';
    }
    if (!request && !building) throw new Failure(`${context}.${name}: the rebuild was cancelled`);
    if (performance.now() > deadline) {
      throw new Failure(
        `${context}.${name}: not done within ${String(wanted.seconds)} s; it goes on. See: muster-ops projections list`,
      );
    }
    await sleep(LOOK_MS);
  }
}

async function isCaughtUp({ surroundings, now }: Tool, position: Position): Promise<boolean> {
  const gauge = await LagGauge.of(await surroundings.store(), now());
  return (await gauge.after(position)).events === 0;
}
