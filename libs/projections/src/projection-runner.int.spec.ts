import type { EventStore, Position } from '@muster/event-store';
import { PostgresEventStore } from '@muster/event-store-postgres';
import { createPool } from '@muster/postgres';
import { randomBytes } from 'node:crypto';
import { setTimeout as sleep } from 'node:timers/promises';
import type { Pool } from 'pg';
import { Checkpoints } from './checkpoints';
import type { ProjectionRunner, ProjectionRunnerOptions } from './projection-runner';
import { ProjectionWorld } from './projection-world.fixture';
import { CuttableLeases, fingerprint, Traces, traced } from './traces';

jest.setTimeout(60_000);

const world = new ProjectionWorld();
let pool: Pool;
let schema: string;
let store: EventStore;

beforeAll(async () => {
  pool = await world.open();
});
afterAll(() => world.close());
beforeEach(async () => {
  schema = await world.newSchema();
  store = world.begin();
});
afterEach(() => world.end());

const run = (projection: Traces | Traces[], options: Partial<ProjectionRunnerOptions> = {}) =>
  world.run([projection].flat(), { schema, store, ...options });

const append = (stream: string, ...types: string[]) =>
  store.append(
    stream,
    'any',
    types.map((type, i) => traced(type, { n: i, salt: randomBytes(3).toString('hex') })),
  );

async function scanned(runner: ProjectionRunner, position?: Position, name = 'traces'): Promise<void> {
  if (!(await runner.waitFor(name, position ?? (await store.head()), 10_000))) {
    throw new Error(`not scanned in time: ${JSON.stringify(await runner.status())}`);
  }
}

const rows = async (sql: string) => (await pool.query<Record<string, unknown>>(sql)).rows;
const counts = async () =>
  Object.fromEntries((await rows(`SELECT * FROM ${schema}.trace_count`)).map((row) => [row['stream'], row['events']]));

/** A log of several streams and categories, with everything the projection handles and ignores. */
async function appendRandomLog(count: number): Promise<void> {
  const types = ['Traced', 'Traced', 'Traced', 'Cleared', 'Skipped', 'Noted'] as const;
  for (let i = 0; i < count; i += 3) {
    const pick = (n: number): number => randomBytes(1)[0]! % n;
    const stream = pick(4) === 0 ? `other-${String(pick(2))}` : `trace-${String(pick(5))}`;
    await append(stream, ...Array.from({ length: 3 }, () => types[pick(6)]!));
  }
}

it('applies what is there and what comes, and shows it in the views of the service', async () => {
  await append('trace-1', 'Traced', 'Skipped');
  const runner = await run(new Traces());
  await scanned(runner);
  await append('trace-2', 'Traced', 'Noted', 'Traced');
  await scanned(runner);
  expect(await counts()).toEqual({ 'trace-1': 1, 'trace-2': 2 });
});

it('goes on where it was after a restart', async () => {
  await append('trace-1', 'Traced');
  const first = await run(new Traces());
  await scanned(first);
  await first.stop();
  await append('trace-1', 'Traced');
  await scanned(await run(new Traces()));
  expect(await counts()).toEqual({ 'trace-1': 2 });
});

describe('the same log gives the same bytes', () => {
  it('whatever the batches, with aborted transactions and new processes in between, live or rebuilt', async () => {
    await appendRandomLog(150);
    const prints = new Set<string>();
    for (const batchEvents of [1, 7, 500]) {
      schema = await world.newSchema();
      const projection = new Traces();
      let applied = 0;
      projection.beforeCommit = () => {
        applied++;
        return applied % 5 === 2
          ? Promise.reject(Object.assign(new Error('cut'), { code: '57P01' }))
          : Promise.resolve();
      };
      const first = await run(projection, { batchEvents });
      await sleep(60);
      await first.stop();
      const second = await run(new Traces(), { batchEvents });
      await scanned(second);
      prints.add(await fingerprint(pool, schema));
      await second.rebuild('traces');
      prints.add(await fingerprint(pool, schema));
      expect((await second.status()).map(({ generation, state }) => ({ generation, state }))).toEqual([
        { generation: 2, state: 'live' },
      ]);
      await second.stop();
    }
    expect(prints.size).toBe(1);
  });

  it('rebuilt while events go on', async () => {
    await appendRandomLog(60);
    const projection = new Traces();
    projection.beforeCommit = () => sleep(1);
    const runner = await run(projection, { batchEvents: 7 });
    const enough = new AbortController();
    const writer = (async () => {
      while (!enough.signal.aborted) {
        await appendRandomLog(3);
        await sleep(20);
      }
    })();
    await runner.rebuild('traces');
    await sleep(30);
    enough.abort();
    await writer;
    await scanned(runner);
    const live = await fingerprint(pool, schema);
    await runner.rebuild('traces');
    await scanned(runner);
    expect(await fingerprint(pool, schema)).toBe(live);
  });
});

describe('a rebuild', () => {
  it('leaves the live generation readable and following until the swap, and drops it then', async () => {
    await append('trace-1', 'Traced');
    const projection = new Traces();
    const runner = await run(projection);
    await scanned(runner);
    let letGo: () => void = () => undefined;
    const held = new Promise<void>((resolve) => (letGo = resolve));
    let calls = 0;
    projection.beforeCommit = () => (++calls === 1 ? held : Promise.resolve());
    const rebuilt = runner.rebuild('traces');
    while (calls === 0) await sleep(5);
    await append('trace-1', 'Traced');
    await scanned(runner);
    expect(await counts()).toEqual({ 'trace-1': 2 });
    expect((await runner.status()).map(({ state }) => state)).toEqual(['live', 'building']);
    letGo();
    await rebuilt;
    expect(await counts()).toEqual({ 'trace-1': 2 });
    await append('trace-1', 'Traced');
    await scanned(runner);
    const schemas = await rows(`SELECT nspname FROM pg_namespace WHERE nspname LIKE '${schema}\\_traces\\_%'`);
    expect(schemas).toEqual([{ nspname: `${schema}_traces_2` }]);
  });

  it('that fails is told to who asked for it and costs the live generation nothing', async () => {
    await append('trace-1', 'Traced');
    const projection = new Traces();
    const runner = await run(projection);
    await scanned(runner);
    projection.beforeCommit = () => Promise.reject(new Error('no'));
    await expect(runner.rebuild('traces')).rejects.toThrow('rebuild failed');
    projection.beforeCommit = () => Promise.resolve();
    await append('trace-1', 'Traced');
    await scanned(runner);
    expect(await counts()).toEqual({ 'trace-1': 2 });
  });

  it('keeps to the epoch of its owner, though it is asked for while the owner changes', async () => {
    const checkpoints = new Checkpoints(pool, schema);
    await checkpoints.ensure();
    const projection = new Traces();
    for (let round = 0; round < 20; round++) {
      await checkpoints.takeOver(projection);
      const [generation] = await Promise.all([checkpoints.build(projection), checkpoints.takeOver(projection)]);
      const epochs = await rows(`SELECT DISTINCT owner_epoch FROM ${schema}.projection_checkpoint`);
      expect(epochs).toHaveLength(1);
      const made = (await checkpoints.generations('traces')).find((row) => row.generation === generation);
      if (made) await checkpoints.drop(made);
    }
  });

  it('can be asked for in a process that does not own the projection', async () => {
    await append('trace-1', 'Traced');
    const owner = await run(new Traces());
    await scanned(owner);
    const other = await run(new Traces());
    await other.rebuild('traces');
    expect((await owner.status())[0]).toMatchObject({ generation: 2, state: 'live' });
  });
});

it('a new version is built beside the old one and swapped in', async () => {
  await append('trace-1', 'Traced');
  const old = await run(new Traces());
  await scanned(old);
  await old.stop();
  class WithLength extends Traces {
    override async create(...[client]: Parameters<Traces['create']>): Promise<void> {
      await super.create(client);
      await client.query('ALTER TABLE trace ADD COLUMN length integer NOT NULL DEFAULT 32');
    }
  }
  const next = await run(new WithLength('traces', 2));
  await append('trace-1', 'Traced');
  await scanned(next);
  expect(await rows(`SELECT stream, length FROM ${schema}.trace`)).toEqual([{ stream: 'trace-1', length: 32 }]);
  expect(await next.status()).toMatchObject([{ version: 2, generation: 2, state: 'live' }]);
});

const correlationOf = (error: Error): string => ('correlationId' in error ? String(error.correlationId) : 'none');

describe('an event of a type that is neither handled nor ignored', () => {
  it('stops this projection with an alert after what came before it, and no other', async () => {
    const stopped: string[] = [];
    const tolerant = new (class extends Traces {
      override readonly ignores = ['Skipped', 'Unheard'];
      override readonly tables = [];
    })('tolerant');
    const onStopped = (name: string, error: Error): void => void stopped.push(`${name}: ${correlationOf(error)}`);
    const runner = await run([new Traces(), tolerant], { onStopped });
    const before = await append('trace-1', 'Traced', 'Traced');
    await append('trace-1', 'Unheard');
    await append('trace-1', 'Traced');
    await scanned(runner, undefined, 'tolerant');
    await scanned(runner, before.position);
    while (stopped.length === 0) await sleep(5);
    expect(stopped).toEqual(['traces: c']);
    expect(await counts()).toEqual({ 'trace-1': 2 });
    const [status, other] = await runner.status().then((all) => [...all].sort((a, b) => (a.name < b.name ? 1 : -1)));
    expect(status).toMatchObject({ name: 'traces', state: 'stopped', position: before.position, lagEvents: 2 });
    expect(status!.error).toContain('Unheard');
    expect(other).toMatchObject({ name: 'tolerant', state: 'live', lagEvents: 0, lagSeconds: 0 });
  });

  it('is passed by the process that knows it', async () => {
    await append('trace-1', 'Unheard', 'Traced');
    const first = await run(new Traces());
    while ((await first.status())[0]?.state !== 'stopped') await sleep(5);
    await first.stop();
    const knowing = new (class extends Traces {
      override readonly ignores = ['Unheard'];
    })();
    const second = await run(knowing);
    await scanned(second);
    expect((await second.status())[0]).toMatchObject({ state: 'live' });
    expect(await counts()).toEqual({ 'trace-1': 1 });
  });
});

describe('ownership', () => {
  it('begins on tables that several instances find missing at once', async () => {
    for (let round = 0; round < 10; round++) {
      const fresh = await world.newSchema();
      await Promise.all(Array.from({ length: 6 }, () => new Checkpoints(pool, fresh).ensure()));
      expect(await new Checkpoints(pool, fresh).generations()).toEqual([]);
    }
  });

  it('is one process at a time, and passes on when the owner goes', async () => {
    const seen: string[] = [];
    const named = (who: string) => {
      const projection = new Traces();
      projection.beforeCommit = () => Promise.resolve(void seen.push(who));
      return projection;
    };
    const first = await run(named('first'));
    await append('trace-1', 'Traced');
    await scanned(first);
    const second = await run(named('second'));
    await append('trace-1', 'Traced');
    await scanned(second);
    expect(seen).toEqual(['first', 'first']);
    await first.stop();
    await append('trace-1', 'Traced');
    await scanned(second);
    expect(seen).toEqual(['first', 'first', 'second']);
    expect(await counts()).toEqual({ 'trace-1': 3 });
  });

  it('that was lost unnoticed leaves nothing: the write of the former owner is refused', async () => {
    const interruptions: string[] = [];
    const leases = new CuttableLeases(world.leasePool, false);
    const zombie = new Traces();
    const first = await run(zombie, {
      leases,
      pollMs: 60_000,
      onInterrupted: (_, error) => interruptions.push(error.name),
    });
    await append('trace-1', 'Traced');
    await scanned(first);
    await pool.query('SELECT pg_terminate_backend($1)', [leases.backends[0]]);
    const applied = jest.spyOn(zombie, 'apply');
    const second = await run(new Traces());
    while ((await rows(`SELECT owner_epoch::int AS e FROM ${schema}.projection_checkpoint`))[0]!['e'] === 1)
      await sleep(5);
    await append('trace-1', 'Traced');
    await scanned(second);
    while (interruptions.length === 0) await sleep(5);
    expect(interruptions).toEqual(['FencedOff']);
    expect(applied).not.toHaveBeenCalled();
    expect(await counts()).toEqual({ 'trace-1': 2 });
  });

  it('passes on when the connection of its lock is cut', async () => {
    const leases = new CuttableLeases(world.leasePool);
    const first = await run(new Traces(), { leases });
    await append('trace-1', 'Traced');
    await scanned(first);
    await pool.query('SELECT pg_terminate_backend($1)', [leases.backends[0]]);
    await append('trace-1', 'Traced');
    await scanned(first);
    while (leases.backends.length < 2) await sleep(5);
    await append('trace-1', 'Traced');
    await scanned(first);
    expect(await counts()).toEqual({ 'trace-1': 3 });
  });
});

describe('waiting for a position', () => {
  it('is over when everything up to there was scanned, of its categories or not', async () => {
    const runner = await run(new Traces());
    await append('trace-1', 'Traced');
    const { position } = await append('other-1', 'Whatever');
    expect(await runner.waitFor('traces', position, 5_000)).toBe(true);
    const elsewhere = await run(new Traces());
    expect(await elsewhere.waitFor('traces', position, 5_000)).toBe(true);
  });

  it('ends without success when the time is up', async () => {
    const runner = await run(new Traces());
    await append('trace-1', 'Unheard');
    expect(await runner.waitFor('traces', await store.head(), 50)).toBe(false);
  });
});

it('follows the Postgres store within milliseconds', async () => {
  const storePool = createPool({ connectionString: world.connectionString });
  store = await PostgresEventStore.open({ pool: storePool, schema: `${schema}_log` });
  const runner = await run(new Traces());
  await append('trace-1', 'Traced');
  await scanned(runner);
  const waits: number[] = [];
  for (let i = 0; i < 20; i++) {
    const { position } = await append('trace-1', 'Traced');
    const from = performance.now();
    await scanned(runner, position);
    waits.push(performance.now() - from);
  }
  expect(await counts()).toEqual({ 'trace-1': 21 });
  expect(waits.sort((a, b) => a - b)[10]).toBeLessThan(50);
  await runner.stop();
  await store.close();
  await storePool.end();
});
