import { Agent, get, type OutgoingHttpHeaders } from 'node:http';
import { join } from 'node:path';
import type { BareTask } from './bare-fastify';
import type { Figure } from './figure';
import { freePort } from './free-port';
import { MeasuredProcess } from './measured-process';
import { interleaved } from './rounds';
import type { World } from './world';

const PAGE = 50;
const WARM_UP = 150;
const REQUESTS = 150;

interface Target {
  readonly port: number;
  readonly path: string;
  readonly headers: OutgoingHttpHeaders;
}

/**
 * CPU time of the service's process for one page of members, against a bare Fastify that sends the same statements to
 * the database and answers with the same body. Postgres's own time is in neither.
 */
export async function benchPage(world: World, databaseUrl: string, campaignId: string): Promise<Figure> {
  const { muster } = world;
  const path = `/insights/audiences/${campaignId}/members?limit=${String(PAGE)}`;
  const ours = muster.route(path);
  const agent = new Agent({ keepAlive: true, maxSockets: 1 });
  // Not the first time: what is read only once is in neither.
  for (let i = 0; i < 3; i++) await muster.get(path);
  const recording = await muster.process.recorded('role=muster_insights', () => muster.get(path));
  const body = await muster.get<{ items: readonly unknown[] }>(path);
  if (body.items.length !== PAGE) throw new Error(`a page has ${String(body.items.length)} members`);
  const task: BareTask = { port: await freePort(), databaseUrl, recording, body };
  const bare = MeasuredProcess.start(join(__dirname, 'bare-fastify.js'), {}, [JSON.stringify(task)]);
  const theirs: Target = { port: task.port, path: '/page', headers: {} };
  try {
    await bare.ready(() => answers(agent, theirs));
    for (const target of [ours, theirs]) await requests(agent, target, WARM_UP);
    const sides = await interleaved(
      world.rounds,
      () => cpuPerRequest(muster.process, agent, ours),
      () => cpuPerRequest(bare, agent, theirs),
    );
    return { name: `page of ${String(PAGE)} members, CPU`, unit: 'µs', ...sides, must: 1.5, aim: 1.15 };
  } finally {
    agent.destroy();
    await bare.stop();
  }
}

async function cpuPerRequest(process: MeasuredProcess, agent: Agent, target: Target): Promise<number> {
  const before = await process.usage();
  await requests(agent, target, REQUESTS);
  const after = await process.usage();
  return ((after.cpuMs - before.cpuMs) * 1_000) / REQUESTS;
}

async function requests(agent: Agent, target: Target, count: number): Promise<void> {
  for (let i = 0; i < count; i++) {
    const status = await statusOf(agent, target);
    if (status !== 200) throw new Error(`${target.path} was answered with ${String(status)}`);
  }
}

async function answers(agent: Agent, target: Target): Promise<boolean> {
  return statusOf(agent, target).then(
    (status) => status === 200,
    () => false,
  );
}

function statusOf(agent: Agent, target: Target): Promise<number | undefined> {
  return new Promise((resolve, reject) => {
    get({ host: '127.0.0.1', agent, ...target }, (response) => {
      response.resume().once('end', () => {
        resolve(response.statusCode);
      });
    }).once('error', reject);
  });
}
