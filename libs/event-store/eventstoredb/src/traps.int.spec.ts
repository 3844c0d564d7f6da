import { randomUUID } from 'node:crypto';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { setTimeout as sleep } from 'node:timers/promises';
import { status } from '@grpc/grpc-js';
import { START, StoreUnavailable, StreamDeleted, WrongExpectedRevision, type Position } from '@muster/event-store';
import { Follower, aCategory, aNewEvent, aStream, collect, newEvents } from '@muster/event-store-testing';
import { EventStoreDbEventStore } from './index';
import { EventStoreDbDouble, NO_FAULTS } from './testing';

jest.setTimeout(60_000);

const TIMEOUT_MS = 2_000;

let double: EventStoreDbDouble;
let store: EventStoreDbEventStore;

beforeAll(async () => {
  double = await EventStoreDbDouble.start();
});

beforeEach(async () => {
  await double.restart();
  store = await EventStoreDbEventStore.open({ connectionString: double.connectionString, timeoutMs: TIMEOUT_MS });
});

afterEach(async () => {
  await double.restart();
  await double.faults(NO_FAULTS);
  await store.close();
});

afterAll(() => double.stop());

const calls = async (method: string) => (await double.report()).calls[method] ?? 0;

async function eventually(condition: () => Promise<boolean>): Promise<void> {
  for (let i = 0; !(await condition()); i++) {
    if (i > 200) throw new Error('it never came to that');
    await sleep(20);
  }
}

describe('trap 1: batch appends know no deadline', () => {
  it('appends with unary calls, though the server offers batches', async () => {
    await double.faults({ swallowBatches: true });
    await store.append(aStream(), 'noStream', newEvents(3));
    expect(await calls('BatchAppend')).toBe(0);
  });

  it('gives up on a server that goes silent, and leaves the appends of others alone', async () => {
    const other = await EventStoreDbEventStore.open({ connectionString: double.connectionString });
    await double.faults({ silent: true });
    const started = Date.now();
    const patient = other.append(aStream(), 'noStream', newEvents(1));
    await expect(store.append(aStream(), 'noStream', newEvents(1))).rejects.toBeInstanceOf(StoreUnavailable);
    expect(Date.now() - started).toBeLessThan(5 * TIMEOUT_MS);
    await double.faults({ silent: false });
    await expect(patient).resolves.toMatchObject({ revision: 0 });
    await other.close();
  });

  it('gives up on a read, too', async () => {
    const stream = aStream();
    await store.append(stream, 'noStream', newEvents(1));
    await double.faults({ silent: true });
    await expect(collect(store.readStream(stream))).rejects.toBeInstanceOf(StoreUnavailable);
    await expect(store.head()).rejects.toBeInstanceOf(StoreUnavailable);
  });
});

describe('trap 2: an unknown outcome', () => {
  it.each(['noStream', 0] as const)('is cleared up by the same ids at %j', async (expected) => {
    const stream = aStream();
    if (expected === 0) await store.append(stream, 'noStream', newEvents(1));
    await double.faults({ lostAnswers: 1 });
    const events = newEvents(2);
    const { revision } = await store.append(stream, expected, events);
    expect((await collect(store.readStream(stream))).slice(-2).map(({ id }) => id)).toEqual(events.map(({ id }) => id));
    expect(revision).toBe(expected === 0 ? 2 : 1);
  });

  it('at `any` is the caller’s to clear up: nothing is sent twice', async () => {
    const stream = aStream();
    await double.faults({ lostAnswers: 1 });
    const before = await calls('Append');
    await expect(store.append(stream, 'any', newEvents(1))).rejects.toBeInstanceOf(StoreUnavailable);
    expect((await calls('Append')) - before).toBe(1);
    expect(await collect(store.readStream(stream))).toHaveLength(1);
  });

  it('of a stream that went on meanwhile is what became of it at first', async () => {
    const stream = aStream();
    const events = newEvents(1);
    await store.append(stream, 'noStream', events);
    await store.append(stream, 0, newEvents(1));
    await double.faults({ refused: { code: status.INTERNAL, count: 1 } });
    await expect(store.append(stream, 'noStream', events)).resolves.toMatchObject({ revision: 0 });
    await double.faults({ refused: { code: status.UNAVAILABLE, count: 1 } });
    await expect(store.append(stream, 'noStream', newEvents(1))).rejects.toBeInstanceOf(WrongExpectedRevision);
  });
});

describe('trap 3: the client turns data into text once more', () => {
  it('sends the text that was checked, whatever becomes of the object', async () => {
    const stream = aStream();
    const data: Record<string, unknown> = { value: 1 };
    const appending = store.append(stream, 'noStream', [aNewEvent({ data })]);
    data['self'] = data;
    await expect(appending).resolves.toMatchObject({ revision: 0 });
    const [stored] = await collect(store.readStream(stream));
    expect(stored?.data).toEqual({ value: 1 });
  });

  it('asks `toJSON` once', async () => {
    let asked = 0;
    const data = { toJSON: () => ({ asked: ++asked }) };
    const stream = aStream();
    await store.append(stream, 'noStream', [aNewEvent({ data })]);
    expect((await collect(store.readStream(stream))).map((event) => event.data)).toEqual([{ asked: 1 }]);
  });

  it('refuses what is too large before anything is sent', async () => {
    const before = await calls('Append');
    await expect(store.append(aStream(), 'noStream', [aNewEvent({ data: 'x'.repeat(600_000) })])).rejects.toMatchObject(
      { name: 'EventTooLarge' },
    );
    expect(await calls('Append')).toBe(before);
  });
});

describe('trap 4: a reader who leaves', () => {
  const large = () => aNewEvent({ data: 'x'.repeat(50_000) });

  it('early ends the server’s call of a stream, of the log and of a subscription', async () => {
    const stream = aStream();
    for (let i = 0; i < 20; i++) await store.append(stream, 'any', Array.from({ length: 10 }, large));
    for await (const { revision } of store.readStream(stream)) if (revision === 2) break;
    let seen = 0;
    for await (const { id } of store.readAll()) if (id !== '' && ++seen === 3) break;
    for await (const { events } of store.subscribe({ after: START, signal: new AbortController().signal })) {
      if (events.length > 0) break;
    }
    await eventually(async () => (await double.report()).openReads === 0);
  });

  it('or is slow is not read ahead for without bound', async () => {
    const stream = aStream();
    for (let i = 0; i < 60; i++) await store.append(stream, 'any', Array.from({ length: 10 }, large));
    const before = (await double.report()).sent;
    for await (const { revision } of store.readStream(stream)) {
      if (revision > 0) break;
      await sleep(500);
      expect((await double.report()).sent - before).toBeLessThan(500);
    }
  });
});

describe('trap 5: checkpoints', () => {
  it('move a subscription on over what it does not want', async () => {
    const follower = new Follower(store, await store.head(), [aCategory()]);
    await follower.until(() => follower.batches.length > 0);
    const other = aStream();
    let last = START;
    for (let i = 0; i < 3; i++) last = (await store.append(other, 'any', newEvents(400))).position;
    await follower.until(() => (follower.scannedTo ?? START) >= last);
    await follower.stop();
  });

  it('of a store whose head cannot be read just now do not stall the subscription', async () => {
    const category = aCategory();
    const follower = new Follower(store, await store.head(), [category]);
    await follower.until(() => follower.batches.length > 0);
    for (let i = 0; i < 2; i++) await store.append(aStream(), 'any', newEvents(400));
    await double.kill();
    await double.restart();
    await store.append(aStream(category), 'noStream', newEvents(1));
    await follower.until(() => follower.events.length === 1);
    await follower.stop();
  });
});

describe('trap 6: a subscription that ends', () => {
  it.each([null, status.CANCELLED, status.UNAVAILABLE, status.INTERNAL])(
    'with %j is taken up again where it was',
    async (code) => {
      const category = aCategory();
      const follower = new Follower(store, START, [category]);
      for (let round = 0; round < 3; round++) {
        await store.append(aStream(category), 'noStream', newEvents(2));
        await follower.until(() => follower.events.length >= 2 * (round + 1));
        await double.endSubscriptions(code);
      }
      await store.append(aStream(category), 'noStream', newEvents(1));
      await follower.until(() => follower.events.length >= 7);
      expect(new Set(follower.events.map(({ id }) => id)).size).toBe(7);
      await follower.stop();
    },
  );

  it('because it may not be is an error', async () => {
    const follower = new Follower(store, START, [aCategory()]);
    await follower.until(() => follower.batches.length > 0);
    await double.endSubscriptions(status.PERMISSION_DENIED);
    await expect(follower.ended).rejects.toMatchObject({ code: status.PERMISSION_DENIED });
  });

  it('or falls silent while events wait is made anew, without asking for any twice', async () => {
    const category = aCategory();
    const follower = new Follower(store, START, [category]);
    await store.append(aStream(category), 'noStream', newEvents(2));
    await follower.until(() => follower.events.length === 2);
    await double.faults({ silentSubscriptions: true });
    const before = await calls('Subscribe');
    await store.append(aStream(category), 'noStream', newEvents(2));
    await sleep(2 * TIMEOUT_MS);
    expect(await calls('Subscribe')).toBeGreaterThan(before);
    await double.faults({ silentSubscriptions: false });
    await follower.until(() => follower.events.length >= 4);
    expect(new Set(follower.events.map(({ id }) => id)).size).toBe(4);
    await follower.stop();
  });

  it('is given up where the log ends before it: it is another log, or was restored', async () => {
    await store.append(aStream(), 'any', newEvents(1));
    const beyond = '00000009999999999999.00000009999999999999' as Position;
    await expect(new Follower(store, beyond).ended).rejects.toThrow(RangeError);
  });
});

describe('trap 7: what fails once', () => {
  it('is not remembered: features, whose failure the client keeps for ever, are not asked for', async () => {
    await double.faults({ featuresCode: status.INTERNAL });
    const fresh = await EventStoreDbEventStore.open({ connectionString: double.connectionString });
    const stream = aStream();
    await fresh.append(stream, 'noStream', newEvents(1));
    expect(await collect(fresh.readStream(stream))).toHaveLength(1);
    expect(await calls('ServerFeatures')).toBe(0);
    await fresh.close();
  });

  it('goes again once the server is back, and is StoreUnavailable until then', async () => {
    await double.kill();
    await expect(store.append(aStream(), 'noStream', newEvents(1))).rejects.toBeInstanceOf(StoreUnavailable);
    await expect(
      EventStoreDbEventStore.open({ connectionString: double.connectionString, timeoutMs: TIMEOUT_MS }),
    ).rejects.toBeInstanceOf(StoreUnavailable);
    await double.restart();
    await expect(store.append(aStream(), 'noStream', newEvents(1))).resolves.toMatchObject({ revision: 0 });
  });
});

describe('trap 8: connections', () => {
  it('hold at most 50 subscriptions each, and appends go on beside them', async () => {
    const head = await store.head();
    const followers = Array.from({ length: 120 }, () => new Follower(store, head, [aCategory()]));
    await Promise.all(followers.map((follower) => follower.until(() => follower.batches.length > 0)));
    // A follower may have found the end of the log before its subscription has reached the server.
    const open = async () => (await double.report()).subscriptions;
    await eventually(async () => (await open()).reduce((sum, count) => sum + count, 0) === followers.length);
    const subscriptions = await open();
    expect([...subscriptions].sort((a, b) => a - b)).toEqual([20, 50, 50]);
    await expect(store.append(aStream(), 'noStream', newEvents(1))).resolves.toMatchObject({ revision: 0 });
    await Promise.all(followers.map((follower) => follower.stop()));
  });

  it('let the process end after close', async () => {
    const script = `
      require(${JSON.stringify(require.resolve('./testing/swc-hook.cjs'))});
      const { EventStoreDbEventStore } = require(${JSON.stringify(require.resolve('./index'))});
      void (async () => {
        const store = await EventStoreDbEventStore.open({ connectionString: process.argv[1] });
        const batches = store.subscribe({ after: '', signal: new AbortController().signal });
        await batches[Symbol.asyncIterator]().next();
        await store.close();
      })();`;
    const child = spawn(process.execPath, ['-C', '@muster/source', '-e', script, double.connectionString], {
      stdio: ['ignore', 'inherit', 'inherit'],
    });
    const timer = setTimeout(() => child.kill('SIGKILL'), 20_000);
    const [code] = (await once(child, 'exit')) as [number | null];
    clearTimeout(timer);
    expect(code).toBe(0);
  });

  it('closed in the middle of a read make it fail and not end', async () => {
    const stream = aStream();
    for (let i = 0; i < 20; i++) {
      await store.append(stream, 'any', [aNewEvent({ data: 'x'.repeat(400_000) })]);
    }
    const reading = async () => {
      for await (const { revision } of store.readStream(stream)) if (revision === 1) await store.close();
    };
    await expect(reading()).rejects.toThrow('the store is closed');
  });
});

describe('trap 9: a stream that was deleted', () => {
  it('for good takes and gives nothing', async () => {
    const stream = aStream();
    await store.append(stream, 'noStream', newEvents(1));
    await double.tombstone(stream);
    await expect(store.append(stream, 'any', newEvents(1))).rejects.toBeInstanceOf(StreamDeleted);
    await expect(collect(store.readStream(stream))).rejects.toBeInstanceOf(StreamDeleted);
  });

  it('softly is empty, and goes on with its numbers at `noStream`', async () => {
    const stream = aStream();
    await store.append(stream, 'noStream', newEvents(2));
    await double.softDelete(stream);
    expect(await collect(store.readStream(stream))).toEqual([]);
    await expect(store.append(stream, 'noStream', newEvents(1))).resolves.toMatchObject({ revision: 2 });
    expect((await collect(store.readStream(stream))).map(({ revision }) => revision)).toEqual([2]);
  });
});

describe('trap 10: order', () => {
  it('is that of the log: no persistent subscription is made', async () => {
    const category = aCategory();
    const follower = new Follower(store, START, [category]);
    const streams = [aStream(category), aStream(category)];
    for (let i = 0; i < 40; i++) await store.append(streams[i % 2]!, 'any', newEvents(1));
    await follower.until(() => follower.events.length >= 40);
    const positions = follower.events.map(({ position }) => position);
    expect(positions).toEqual([...positions].sort());
    expect(Object.keys((await double.report()).calls).sort()).toEqual(['Append', 'Read', 'Subscribe']);
    await follower.stop();
  });
});

describe('answers without a position', () => {
  it('are completed from the stream', async () => {
    await double.faults({ withoutPosition: true });
    const stream = aStream();
    const { position } = await store.append(stream, 'noStream', newEvents(2));
    expect((await collect(store.readStream(stream))).at(-1)?.position).toBe(position);
  });
});

describe('the server’s own events', () => {
  it('are seen by no reader of the log', async () => {
    const stream = aStream();
    await store.append(stream, 'noStream', newEvents(1));
    await double.softDelete(aStream());
    expect((await collect(store.readAll())).filter((event) => event.stream.startsWith('$'))).toEqual([]);
    expect((await collect(store.readAll({ direction: 'backwards', limit: 1 }))).map((event) => event.stream)).toEqual([
      stream,
    ]);
  });
});

describe('a connection string', () => {
  it.each(['http://localhost:2113', 'esdb://localhost:2113', `nonsense ${randomUUID()}`])(
    'that cannot work is refused: %s',
    async (connectionString) => {
      await expect(EventStoreDbEventStore.open({ connectionString })).rejects.toThrow(TypeError);
    },
  );
});
