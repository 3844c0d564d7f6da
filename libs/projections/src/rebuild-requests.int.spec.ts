import type { MemoryEventStore } from '@muster/event-store-memory';
import { setTimeout as sleep } from 'node:timers/promises';
import type { Pool } from 'pg';
import { Checkpoints } from './checkpoints';
import type { ProjectionRunner, ProjectionRunnerOptions } from './projection-runner';
import { ProjectionWorld } from './projection-world.fixture';
import { RebuildRequests } from './rebuild-requests';
import { Traces, traced } from './traces';

const world = new ProjectionWorld();
let pool: Pool;
let schema: string;
let store: MemoryEventStore;
let requests: RebuildRequests;

beforeAll(async () => {
  pool = await world.open();
});
afterAll(() => world.close());
beforeEach(async () => {
  schema = await world.newSchema();
  store = world.begin();
  requests = new RebuildRequests(pool, schema);
});
afterEach(() => world.end());

const run = (projection = new Traces(), options: Partial<ProjectionRunnerOptions> = {}) =>
  world.run([projection], { schema, store, ...options });

const append = (type = 'Traced') => store.append('trace-1', 'any', [traced(type)]);
const generations = async () =>
  (await new Checkpoints(pool, schema).generations()).map(({ generation, state }) => `${String(generation)} ${state}`);
const shown = async () => {
  const { rows } = await pool.query<{ events: number }>(`SELECT events FROM ${schema}.trace_count`);
  return rows[0]?.events;
};

async function until(condition: () => Promise<boolean>): Promise<void> {
  const deadline = performance.now() + 20_000;
  while (!(await condition())) {
    if (performance.now() > deadline) throw new Error(`not in time: ${JSON.stringify(await generations())}`);
    await sleep(10);
  }
}
const untilGenerations = (...wanted: string[]) => until(async () => (await generations()).join() === wanted.join());
async function scanned(runner: ProjectionRunner): Promise<void> {
  if (!(await runner.waitFor('traces', await store.head(), 20_000))) throw new Error('not scanned in time');
}

it('a rebuild that is asked for is done by the owner, and the wish is gone with it', async () => {
  await append();
  await scanned(await run());
  await requests.ask('traces', false);
  await untilGenerations('2 live');
  expect(await requests.all()).toEqual([]);
  expect(await shown()).toBe(1);
});

it('a rebuild can be asked for while no owner runs', async () => {
  await append();
  const first = await run();
  await scanned(first);
  await first.stop();
  await requests.ask('traces', false);
  await run();
  await untilGenerations('2 live');
});

describe('a rebuild that is held back', () => {
  it('follows beside the live one, which goes on, until it is released', async () => {
    await append();
    const runner = await run();
    await scanned(runner);
    await requests.ask('traces', true);
    await untilGenerations('1 live', '2 building');
    await append();
    await scanned(runner);
    expect(await shown()).toBe(2);
    const built = async () => {
      const { rows } = await pool.query<{ events: number }>(`SELECT events FROM ${schema}_traces_2.trace_count`);
      return rows[0]?.events === 2;
    };
    await until(built);
    await sleep(100);
    expect(await generations()).toEqual(['1 live', '2 building']);
    expect(await requests.release('traces')).toBe(true);
    await untilGenerations('2 live');
    await append();
    await scanned(runner);
    expect(await shown()).toBe(3);
    expect(await requests.release('traces')).toBe(false);
  });

  it('is still held back by the next owner', async () => {
    await append();
    const first = await run();
    await scanned(first);
    await requests.ask('traces', true);
    await untilGenerations('1 live', '2 building');
    await first.stop();
    const second = await run();
    await append();
    await scanned(second);
    await sleep(100);
    expect(await generations()).toEqual(['1 live', '2 building']);
    await requests.release('traces');
    await untilGenerations('2 live');
    expect(await shown()).toBe(2);
  });

  it('does not keep readers from a new version', async () => {
    await append();
    const old = await run();
    await scanned(old);
    await old.stop();
    await requests.ask('traces', true);
    await run(new Traces('traces', 2));
    await untilGenerations('2 live');
  });

  it('begins anew when the live one was interrupted, so that both go on', async () => {
    await append();
    const projection = new Traces();
    const interrupted: string[] = [];
    const runner = await run(projection, { onInterrupted: (_, error) => interrupted.push(error.message) });
    await scanned(runner);
    await requests.ask('traces', true);
    await untilGenerations('1 live', '2 building');
    let failures = 0;
    projection.beforeCommit = () =>
      ++failures > 2 ? Promise.resolve() : Promise.reject(Object.assign(new Error('cut'), { code: '57P01' }));
    await append();
    await until(async () => (await shown()) === 2);
    expect(interrupted).toContain('cut');
    expect(await generations()).toEqual(['1 live', '2 building']);
    await requests.release('traces');
    await untilGenerations('2 live');
    expect(await shown()).toBe(2);
  });
});

describe('a rebuild that is cancelled', () => {
  it('goes with what was built, and the live one stays', async () => {
    await append();
    const runner = await run();
    await scanned(runner);
    await requests.ask('traces', true);
    await untilGenerations('1 live', '2 building');
    expect(await requests.cancel('traces')).toBe(true);
    await untilGenerations('1 live');
    expect(await requests.cancel('traces')).toBe(false);
    const { rows } = await pool.query('SELECT FROM pg_namespace WHERE nspname = $1', [`${schema}_traces_2`]);
    expect(rows).toEqual([]);
    await append();
    await scanned(runner);
    expect(await shown()).toBe(2);
  });
});

describe('a rebuild that fails', () => {
  it('says why where it was asked for, and is not tried again until it is asked for anew', async () => {
    await append();
    const projection = new Traces();
    const runner = await run(projection);
    await scanned(runner);
    projection.beforeCommit = () => Promise.reject(new Error('the disk of the moon is full'));
    await requests.ask('traces', false);
    await until(async () => (await requests.all())[0]?.error === 'the disk of the moon is full');
    projection.beforeCommit = () => Promise.resolve();
    await sleep(100);
    expect(await generations()).toEqual(['1 live']);
    await requests.ask('traces', false);
    await untilGenerations('2 live');
  });
});

it('a projection that stopped is built anew where it is asked for', async () => {
  await append();
  const projection = new Traces();
  const runner = await run(projection);
  await scanned(runner);
  projection.beforeCommit = () => Promise.reject(new Error('no'));
  await append();
  await until(async () => (await runner.status())[0]?.state === 'stopped');
  projection.beforeCommit = () => Promise.resolve();
  await requests.ask('traces', false);
  await untilGenerations('2 live');
  await scanned(runner);
  expect((await runner.status())[0]).toMatchObject({ generation: 2, state: 'live' });
  expect(await shown()).toBe(2);
});
