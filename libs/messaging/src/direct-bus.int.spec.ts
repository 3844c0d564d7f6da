import { outgoingEvent, type OutgoingEvent } from '@muster/contracts';
import { createTestDatabase, type TestDatabase } from '@muster/embedded/testing';
import { StoreUnavailable } from '@muster/event-store';
import { MemoryEventStore } from '@muster/event-store-memory';
import { DomainError, SYSTEM } from '@muster/kernel';
import { createPool, withTransaction, type Lease } from '@muster/postgres';
import { randomUUID } from 'node:crypto';
import { setTimeout as sleep } from 'node:timers/promises';
import type { Pool } from 'pg';
import { CONSUMER_DDL, PostgresConsumerStorage } from './consumer-storage';
import { DirectBus, type DirectBusOptions } from './direct-bus';
import { inboxOnce } from './inbox';
import type { IntegrationConsumer, Translation } from './integration-bus';

jest.setTimeout(60_000);

let database: TestDatabase;
let pool: Pool;
let store: MemoryEventStore;
let buses: DirectBus[];
let name: string;

beforeAll(async () => {
  database = await createTestDatabase();
  pool = createPool({ connectionString: database.connectionString });
  await pool.query(CONSUMER_DDL);
  await pool.query(CONSUMER_DDL);
});
afterAll(async () => {
  await pool.end();
  await database.drop();
});
beforeEach(() => {
  store = new MemoryEventStore();
  buses = [];
  name = `audiences.${randomUUID()}`;
});
afterEach(async () => {
  await Promise.all(buses.map((bus) => bus.stop()));
  await store.close();
});

const TYPE = 'muster.campaigns.Told.v1';

/** `Told` becomes as many integration events as it says, in the feed it says. */
const translation: Translation = {
  context: 'campaigns',
  categories: ['campaign'],
  translate: (stored) => {
    if (stored.type === 'Broken') return Promise.reject(new Error('cannot be read'));
    const {
      copies = 1,
      feed = 'lifecycle',
      text = '',
    } = stored.data as { copies?: number; feed?: 'sets'; text?: string };
    const subject = stored.stream.slice('campaign-'.length);
    return Promise.resolve(
      Array.from({ length: copies }, (_, n) =>
        outgoingEvent(stored, {
          context: 'campaigns',
          feed,
          name: stored.type,
          version: 1,
          n,
          subject,
          data: { text },
        }),
      ),
    );
  },
};

const textOf = (delivery: OutgoingEvent): string => (delivery.event.data as { text: string }).text;

/** One process may hold a key here; in production an advisory lock sees to that. */
const held = new Set<string>();
const leases = {
  tryAcquire: (key: string): Promise<Lease | null> => {
    if (held.has(key)) return Promise.resolve(null);
    held.add(key);
    const release = (): Promise<void> => Promise.resolve(void held.delete(key));
    return Promise.resolve({ lost: new AbortController().signal, release });
  },
};

async function start(handle: IntegrationConsumer['handle'], options: Partial<DirectBusOptions> = {}) {
  const storageOf = (): PostgresConsumerStorage => new PostgresConsumerStorage(pool);
  const bus = new DirectBus({ store, storageOf, leasesOf: () => leases, retryMs: 1, pollMs: 10, ...options });
  bus.addTranslation(translation);
  bus.addConsumer({ name, subscriptions: [{ context: 'campaigns', feed: 'lifecycle' }], handles: [TYPE], handle });
  buses.push(bus);
  await bus.start();
  return bus;
}

const tell = (campaign: string, text: string, more: object = {}, type = 'Told') => {
  const metadata = { v: 1, time: '2026-01-01T00:00:00.000Z', actor: SYSTEM, correlationId: 'c' };
  return store.append(`campaign-${campaign}`, 'any', [{ id: randomUUID(), type, data: { text, ...more }, metadata }]);
};

async function settled(bus: DirectBus): Promise<void> {
  if (!(await bus.waitFor(await store.head(), 10_000))) throw new Error(JSON.stringify(await bus.status()));
}

async function until(holds: () => Promise<boolean> | boolean): Promise<void> {
  while (!(await holds())) await sleep(2);
}

it('delivers what a consumer subscribes to and handles, in order, and nothing else', async () => {
  const seen: string[] = [];
  const bus = await start((delivery) => Promise.resolve(void seen.push(`${delivery.event.id} ${textOf(delivery)}`)));
  await tell('a', 'first', { copies: 2 });
  await tell('a', 'another feed', { feed: 'sets' });
  await tell('a', 'another type', {}, 'Whispered');
  await tell('a', 'second');
  await settled(bus);
  expect(seen).toEqual(['campaign-a/0/0 first', 'campaign-a/0/1 first', 'campaign-a/3/0 second']);
});

it('goes on after a restart with what was not finished', async () => {
  const seen: string[] = [];
  const handle = (delivery: OutgoingEvent) => Promise.resolve(void seen.push(textOf(delivery)));
  const first = await start(handle);
  await tell('a', '1');
  await settled(first);
  await first.stop();
  await tell('a', '2');
  await settled(await start(handle));
  expect(seen).toEqual(['1', '2']);
});

it('reaches the handler within milliseconds of the append', async () => {
  const waits: number[] = [];
  let from = 0;
  const bus = await start(() => Promise.resolve(void waits.push(performance.now() - from)));
  for (let i = 0; i < 20; i++) {
    from = performance.now();
    await tell('a', String(i));
    await settled(bus);
  }
  expect(waits.sort((a, b) => a - b)[10]).toBeLessThan(20);
});

describe('an event that fails for good', () => {
  const poison = (seen: string[], tries: string[], cured: () => boolean) => (delivery: OutgoingEvent) => {
    const text = textOf(delivery);
    if (text === 'poison' && !cured()) {
      tries.push(text);
      return Promise.reject(new DomainError('VALIDATION_FAILED', { detail: 'no' }));
    }
    seen.push(`${delivery.key} ${text}`);
    return Promise.resolve();
  };

  it('is parked after five tries, later events of its key wait behind it, others go on', async () => {
    const seen: string[] = [];
    const tries: string[] = [];
    const alerts: string[] = [];
    const bus = await start(
      poison(seen, tries, () => false),
      { onParked: (_, { event }) => alerts.push(event.id) },
    );
    await tell('a', 'before');
    await tell('a', 'poison');
    await tell('a', 'after');
    await tell('b', 'other');
    await settled(bus);
    await tell('a', 'later');
    await settled(bus);
    expect(seen.sort()).toEqual(['a before', 'b other']);
    expect([tries.length, alerts]).toEqual([5, ['campaign-a/1/0']]);
    const parked = await bus.listParked(name);
    expect(parked.map(({ delivery, attempts, error }) => [textOf(delivery), attempts, error])).toEqual([
      ['poison', 5, 'VALIDATION_FAILED: no'],
      ['after', 0, null],
      ['later', 0, null],
    ]);
    expect((await bus.status())[0]).toMatchObject({ state: 'running', parkedKeys: ['a'], lagEvents: 0 });
  });

  it('is tried again with its followers in order when an operator asks, from any process and after a restart', async () => {
    const seen: string[] = [];
    let cured = false;
    const handle = poison(seen, [], () => cured);
    const bus = await start(handle);
    await tell('a', 'poison');
    await tell('a', 'after');
    await settled(bus);
    expect(await bus.retryParked(name, 'a')).toBe(2);
    await until(async () => (await bus.listParked(name))[0]?.attempts === 10);
    await bus.stop();
    const second = await start(handle);
    await tell('a', 'later');
    await settled(second);
    cured = true;
    const operator = new PostgresConsumerStorage(pool);
    expect(await operator.requestRetry(name, 'a')).toBe(3);
    await until(async () => (await second.listParked(name)).length === 0);
    await tell('a', 'last');
    await settled(second);
    expect(seen).toEqual(['a poison', 'a after', 'a later', 'a last']);
  });

  it('is given up with its followers when an operator drops the key, and later ones are delivered', async () => {
    const seen: string[] = [];
    const bus = await start(poison(seen, [], () => false));
    await tell('a', 'poison');
    await tell('a', 'after');
    await settled(bus);
    expect(await bus.dropParked(name, 'a')).toBe(2);
    await tell('a', 'later');
    await settled(bus);
    expect(seen).toEqual(['a later']);
    expect(await bus.listParked(name)).toEqual([]);
  });

  it('stops the consumer where it cannot be parked, and is not passed over', async () => {
    const stopped: string[] = [];
    const storage = new PostgresConsumerStorage(pool);
    storage.park = () => Promise.reject(new Error('the table is gone'));
    const seen: string[] = [];
    const bus = await start(
      poison(seen, [], () => false),
      { storageOf: () => storage, onStopped: (_, error) => stopped.push(error.message) },
    );
    await tell('a', 'poison');
    await until(() => stopped.length > 0);
    await tell('a', 'after');
    expect(await bus.waitFor(await store.head(), 50)).toBe(false);
    expect(seen).toEqual([]);
    expect((await bus.status())[0]).toMatchObject({ state: 'stopped', error: 'the table is gone' });
  });
});

it.each<[string, Error]>([
  ['the event store', new StoreUnavailable('away')],
  ['another service', new DomainError('DEPENDENCY_UNAVAILABLE', { detail: 'away' })],
  ['the quiet that a write needs', new DomainError('CONCURRENT_CHANGE', { detail: 'others' })],
  ['Postgres', Object.assign(new Error('terminating connection'), { code: '57P01' })],
])('waits as long as it takes while %s is away', async (_, error) => {
  let tries = 0;
  const bus = await start(() => (++tries < 9 ? Promise.reject(error) : Promise.resolve()));
  await tell('a', 'x');
  await settled(bus);
  expect([tries, await bus.listParked(name)]).toEqual([9, []]);
});

it('stops at a stored event that cannot be translated', async () => {
  const seen: string[] = [];
  const bus = await start((delivery) => Promise.resolve(void seen.push(textOf(delivery))));
  await tell('a', 'before');
  await settled(bus);
  await tell('a', 'x', {}, 'Broken');
  await until(async () => (await bus.status())[0]?.state === 'stopped');
  expect((await bus.status())[0]?.error).toMatch(/^Broken \(.+ at revision 1\) cannot be translated: cannot be read$/);
  expect(seen).toEqual(['before']);
});

it('leaves the key to one process at a time, and refuses the checkpoint of a former owner', async () => {
  const seen: string[] = [];
  const first = await start((delivery) => Promise.resolve(void seen.push(`1 ${textOf(delivery)}`)));
  await tell('a', 'x');
  await settled(first);
  const second = await start((delivery) => Promise.resolve(void seen.push(`2 ${textOf(delivery)}`)));
  await tell('a', 'y');
  await settled(first);
  await first.stop();
  await tell('a', 'z');
  await settled(second);
  expect(seen).toEqual(['1 x', '1 y', '2 z']);
  const storage = new PostgresConsumerStorage(pool);
  const stale = await storage.takeOver(name);
  await storage.takeOver(name);
  await expect(storage.move(name, stale, await store.head())).rejects.toThrow('taken it over');
});

it('finishes what is in hand when it is stopped', async () => {
  let finished = false;
  const bus = await start(async () => {
    await sleep(50);
    finished = true;
  });
  await tell('a', 'x');
  await until(() => bus.busy);
  await bus.stop();
  expect(finished).toBe(true);
});

it('stores what it has looked at on a quiet log too, so that its lag can be seen from outside', async () => {
  const bus = await start(() => Promise.resolve());
  await tell('a', 'x');
  expect(await bus.waitFor(await store.head(), 10_000)).toBe(true);
  await store.append('campaign-quiet', 'any', [
    {
      id: randomUUID(),
      type: 'Told',
      data: { copies: 0 },
      metadata: { v: 1, time: '2026-01-01T00:00:00.000Z', actor: SYSTEM, correlationId: 'c' },
    },
  ]);
  const storage = new PostgresConsumerStorage(pool);
  const head = await store.head();
  await until(async () => (await storage.position(name)) === head);
});

describe('the inbox', () => {
  const once = (stream: string, revision: number, n = 0) =>
    withTransaction(pool, (client) => inboxOnce(client, name, { stream, revision, n }));

  it('tells repeats and earlier ones from what is new, per source stream', async () => {
    const answers = [];
    for (const [revision, n] of [
      [3, 0],
      [3, 0],
      [3, 1],
      [2, 5],
      [4, 0],
    ] as const)
      answers.push(await once('s-1', revision, n));
    expect(answers).toEqual([true, false, true, false, true]);
    expect(await once('s-2', 0)).toBe(true);
  });

  it('forgets with the transaction that fails', async () => {
    const failing = withTransaction(pool, async (client) => {
      await inboxOnce(client, name, { stream: 's-1', revision: 0, n: 0 });
      throw new Error('no');
    });
    await expect(failing).rejects.toThrow('no');
    expect(await once('s-1', 0)).toBe(true);
  });
});
