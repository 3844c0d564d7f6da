import { NOTED, StoreUnavailable, type EventStore, type StoredEvent } from '@muster/event-store';
import { MemoryEventStore, MemoryLog, seededAnomalies } from '@muster/event-store-memory';
import { DomainError } from '@muster/kernel';
import fc from 'fast-check';
import { randomUUID } from 'node:crypto';
import { setImmediate as nextTurn } from 'node:timers/promises';
import { contextWith, countingSet, followUpMark, namedSet, requestMark } from './counting-set';
import { EventSourcedAggregates, type AggregatesOptions } from './event-sourced-aggregates';
import { MemorySnapshots, type SnapshotStore, type SnapshotToWrite } from './snapshots';

const ids = { next: () => randomUUID() };
const rename = (name: string) => ({ type: 'Rename', name }) as const;
const toggle = (...numbers: number[]) => ({ type: 'Toggle', numbers }) as const;

function world(options: AggregatesOptions = {}, snapshots: SnapshotStore = new MemorySnapshots()) {
  const store = new MemoryEventStore();
  return { store, snapshots, aggregates: new EventSourcedAggregates(store, ids, snapshots, options) };
}

async function eventsOf(store: EventStore, stream: string): Promise<StoredEvent[]> {
  const events: StoredEvent[] = [];
  for await (const event of store.readStream(stream)) events.push(event);
  return events;
}

async function refusal(work: Promise<unknown>): Promise<string> {
  try {
    await work;
  } catch (error) {
    if (error instanceof DomainError) return error.code;
    throw error;
  }
  return 'accepted';
}

describe('a keyed request', () => {
  it('is answered with its first result when it comes again', async () => {
    const { aggregates, store } = world();
    const first = await aggregates.handle(namedSet, '1', rename('a'), contextWith(requestMark('k')));
    await aggregates.handle(namedSet, '1', rename('b'), contextWith());
    const again = await aggregates.handle(namedSet, '1', rename('a'), contextWith(requestMark('k')));
    expect(again).toEqual({ ...first, repeated: true });
    expect(await eventsOf(store, 'countingSet-1')).toHaveLength(2);
  });

  it('puts its mark on every event of the append and is answered with all of them', async () => {
    const { aggregates, store } = world();
    const context = contextWith(requestMark('k'));
    const first = await aggregates.handleBlocks(countingSet, '1', toggle(1, 11, 21), context);
    expect(first).toMatchObject({ revision: 2, events: ['NumbersChanged', 'NumbersChanged', 'NumbersChanged'] });
    expect((await eventsOf(store, 'countingSet-1')).map((event) => event.metadata.mark)).toEqual(
      Array.from({ length: 3 }, () => requestMark('k')),
    );
    expect(await aggregates.handleBlocks(countingSet, '1', toggle(1, 11, 21), context)).toEqual({
      ...first,
      repeated: true,
    });
  });

  it('is refused under the same key with another body', async () => {
    const { aggregates } = world();
    await aggregates.handle(namedSet, '1', rename('a'), contextWith(requestMark('k')));
    const other = aggregates.handle(namedSet, '1', rename('b'), contextWith(requestMark('k', 'other')));
    expect(await refusal(other)).toBe('IDEMPOTENCY_KEY_REUSED');
  });

  it('leaves a Noted where it decides nothing, so that its repeat is known', async () => {
    const { aggregates, store } = world();
    await aggregates.handle(namedSet, '1', rename('a'), contextWith());
    const first = await aggregates.handle(namedSet, '1', rename('a'), contextWith(requestMark('k')));
    expect(first).toMatchObject({ revision: 1, events: [NOTED], repeated: false });
    await aggregates.handle(namedSet, '1', rename('b'), contextWith());
    expect(await aggregates.handle(namedSet, '1', rename('a'), contextWith(requestMark('k')))).toEqual({
      ...first,
      repeated: true,
    });
    expect((await aggregates.load(namedSet, '1')).state).toEqual({ name: 'b' });
    expect(await eventsOf(store, 'countingSet-1')).toHaveLength(3);
  });

  it('leaves nothing where it is refused, and is judged anew', async () => {
    const { aggregates, store } = world();
    const context = contextWith(requestMark('k'));
    expect(await refusal(aggregates.handle(namedSet, '1', rename(''), context))).toBe('VALIDATION_FAILED');
    expect(await eventsOf(store, 'countingSet-1')).toHaveLength(0);
    expect((await aggregates.handle(namedSet, '1', rename('a'), context)).repeated).toBe(false);
  });

  it('is forgotten after 24 hours of event time', async () => {
    const { aggregates } = world();
    const at = (hours: number) => ({ now: new Date(Date.UTC(2026, 0, 1, hours)) });
    await aggregates.handle(namedSet, '1', rename('a'), contextWith(requestMark('k'), at(0)));
    await aggregates.handle(namedSet, '1', rename('b'), contextWith(requestMark('m'), at(24)));
    const within = await aggregates.handle(namedSet, '1', rename('a'), contextWith(requestMark('k'), at(24)));
    await aggregates.handle(namedSet, '1', rename('c'), contextWith(requestMark('n'), at(25)));
    const after = await aggregates.handle(namedSet, '1', rename('a'), contextWith(requestMark('k'), at(25)));
    expect([within.repeated, after.repeated]).toEqual([true, false]);
  });
});

describe('a follow-up', () => {
  const rows: [string, ReturnType<typeof followUpMark>, boolean][] = [
    ['of an earlier revision', followUpMark(4), true],
    ['of the same revision and n', followUpMark(5, 1, false), true],
    ['of the same revision and a lower n', followUpMark(5, 0, false), true],
    ['of the same revision and a higher n', followUpMark(5, 2, false), false],
    ['of a later revision', followUpMark(6), false],
    ['of another consumer', followUpMark(5, 1, false, 'c.d'), false],
  ];
  it.each(rows)('%s than the folded one: repeat %#', async (_, mark, repeated) => {
    const { aggregates } = world();
    await aggregates.handle(namedSet, '1', rename('a'), contextWith(followUpMark(5, 1, false)));
    expect((await aggregates.handle(namedSet, '1', rename('b'), contextWith(mark))).repeated).toBe(repeated);
  });

  it('is a repeat whatever its n once the last one of its source event was folded', async () => {
    const { aggregates } = world();
    await aggregates.handle(namedSet, '1', rename('a'), contextWith(followUpMark(5, 1, true)));
    const beyond = await aggregates.handle(namedSet, '1', rename('b'), contextWith(followUpMark(5, 2, true)));
    expect(beyond.repeated).toBe(true);
  });
});

it('runs an occurrence of a schedule once', async () => {
  const { aggregates } = world();
  const mark = { kind: 'occurrence', id: 'daily/2026-01-01' } as const;
  const first = await aggregates.handle(namedSet, '1', rename('a'), contextWith(mark));
  expect(await aggregates.handle(namedSet, '1', rename('b'), contextWith(mark))).toEqual({ ...first, repeated: true });
});

describe('a command with an expected revision', () => {
  it('is done at that revision and refused as stale at any other', async () => {
    const { aggregates } = world();
    await aggregates.handle(namedSet, '1', rename('a'), contextWith());
    const seen = contextWith(undefined, { expectedRevision: 0 });
    expect((await aggregates.handle(namedSet, '1', rename('b'), seen)).revision).toBe(1);
    expect(await refusal(aggregates.handle(namedSet, '1', rename('c'), seen))).toBe('REVISION_STALE');
  });

  it('is answered with its first result when it comes again, though the revision has moved', async () => {
    const { aggregates } = world();
    await aggregates.handle(namedSet, '1', rename('a'), contextWith());
    const seen = contextWith(requestMark('k'), { expectedRevision: 0 });
    await aggregates.handle(namedSet, '1', rename('b'), seen);
    expect(await aggregates.handle(namedSet, '1', rename('b'), seen)).toMatchObject({ revision: 1, repeated: true });
  });
});

describe('an append of unknown outcome', () => {
  it('is sent again with the same ids at the same revision, so that it happens once', async () => {
    const { store, aggregates } = world({ appendRetryMs: 1 });
    const append = store.append.bind(store);
    const sent: unknown[] = [];
    store.append = async (stream, expected, events) => {
      sent.push([expected, events.map((event) => event.id)]);
      const result = await append(stream, expected, events);
      if (sent.length < 3) throw new StoreUnavailable('the answer was lost');
      return result;
    };
    expect(await aggregates.handle(namedSet, '1', rename('a'), contextWith())).toMatchObject({ revision: 0 });
    expect(sent).toHaveLength(3);
    expect(sent[2]).toEqual(sent[0]);
    expect(await eventsOf(store, 'countingSet-1')).toHaveLength(1);
  });

  it('is given up after the retries with StoreUnavailable', async () => {
    const { store, aggregates } = world({ appendRetryMs: 1, appendRetries: 2 });
    store.append = jest.fn(() => Promise.reject(new StoreUnavailable('away')));
    await expect(aggregates.handle(namedSet, '1', rename('a'), contextWith())).rejects.toThrow(StoreUnavailable);
    expect(store.append).toHaveBeenCalledTimes(3);
  });
});

it('gives up after three retries when others are always first', async () => {
  const { store, aggregates } = world();
  const append = store.append.bind(store);
  let attempts = 0;
  store.append = async (stream, expected, events) => {
    attempts++;
    await append(stream, 'any', [{ ...events[0]!, id: randomUUID(), data: { name: `other ${String(attempts)}` } }]);
    return append(stream, expected, events);
  };
  expect(await refusal(aggregates.handle(namedSet, '1', rename('a'), contextWith()))).toBe('CONCURRENT_CHANGE');
  expect(attempts).toBe(4);
});

describe('64 commands raced by two instances, 30 % of them repeated', () => {
  it.each([1, 2, 3, 4, 5, 6, 7, 8])('are each done once and acknowledged with one result, seed %i', async (seed) => {
    const anomalies = seededAnomalies(seed, { 'applied-then-error': 0.1, conflict: 0.1, slow: 0.2 });
    const store = new MemoryEventStore({ anomalies });
    const snapshots = new MemorySnapshots();
    const instances = [0, 1].map(
      () => new EventSourcedAggregates(store, ids, snapshots, { snapshotEveryEvents: 7, appendRetryMs: 1 }),
    );
    const commands = Array.from({ length: 64 }, (_, i) => ({
      key: `k${String(i % 45)}`,
      instance: (i >> (seed % 3)) % 2,
    }));
    const acknowledge = async ({ key, instance }: (typeof commands)[number]) => {
      for (;;) {
        try {
          const number = Number(key.slice(1));
          const context = contextWith(requestMark(key));
          const handled = await instances[instance]!.handleBlocks(countingSet, '1', toggle(number), context);
          return { key, revision: handled.revision, repeated: handled.repeated };
        } catch (error) {
          if (!(error instanceof DomainError) || error.code !== 'CONCURRENT_CHANGE') throw error;
        }
      }
    };
    const answers = await Promise.all(commands.map(acknowledge));
    // An append whose answer was lost may be found by its own retry, as a repeat.
    const done = answers.filter((answer) => !answer.repeated).map((answer) => answer.key);
    expect(done).toHaveLength(new Set(done).size);
    for (const { key, revision } of answers) {
      expect(answers.find((answer) => answer.key === key)!.revision).toBe(revision);
    }
    const { blocks } = await instances[0]!.loadBlocks(countingSet, '1', 'all');
    expect([...blocks.values()].flatMap((block) => block.numbers)).toEqual(Array.from({ length: 45 }, (_, i) => i));
    expect(await eventsOf(store, 'countingSet-1')).toHaveLength(45);
    await Promise.all(instances.map((instance) => instance.settled()));
  });
});

const commands = fc.oneof(
  { weight: 6, arbitrary: fc.array(fc.nat({ max: 59 }), { minLength: 1, maxLength: 5 }).map((n) => toggle(...n)) },
  { weight: 2, arbitrary: fc.string({ maxLength: 3 }).map(rename) },
  { weight: 1, arbitrary: fc.constant({ type: 'RemoveAll' }) },
);
/** Commands go on while a snapshot is being written. */
class SlowSnapshots extends MemorySnapshots {
  override async write(snapshot: SnapshotToWrite): Promise<boolean> {
    for (let turns = snapshot.revision % 3; turns >= 0; turns--) await nextTurn();
    return super.write(snapshot);
  }
}

/** What happens between commands: nothing, a new process, blocks read by somebody who spoils what was handed out. */
const steps = fc.array(
  fc.record({
    command: commands,
    before: fc.constantFrom('nothing', 'restart', 'settle', 'read', 'readAll', 'lose', 'other'),
    blocks: fc.array(fc.nat({ max: 6 }), { maxLength: 3 }),
  }),
  { maxLength: 40 },
);

it('state through snapshots, caches and restarts equals the plain fold', async () => {
  await fc.assert(
    fc.asyncProperty(steps, fc.integer({ min: 1, max: 6 }), fc.constantFrom(0, 3, 400), async (list, every, cache) => {
      const store = new MemoryEventStore();
      const snapshots = new SlowSnapshots();
      const start = () =>
        new EventSourcedAggregates(store, ids, snapshots, { snapshotEveryEvents: every, cachedBlocks: cache });
      let aggregates = start();
      const other = start();
      for (const { command, before, blocks } of list) {
        await nextTurn();
        if (before === 'restart') aggregates = start();
        if (before === 'settle') await aggregates.settled();
        if (before === 'lose') await snapshots.remove('countingSet-1');
        if (before === 'read' || before === 'readAll') {
          const seen = await aggregates.loadBlocks(countingSet, '1', before === 'read' ? blocks : 'all');
          const oracle = await plainFold(store);
          expect(seen.head).toEqual(oracle.head);
          const wanted = [...oracle.blocks].filter(([block]) => before === 'readAll' || blocks.includes(block));
          expect([...seen.blocks]).toEqual(wanted);
          const kept = JSON.stringify([seen.head, [...seen.blocks]]);
          await refusal(aggregates.handleBlocks(countingSet, '1', command, contextWith()));
          await aggregates.loadBlocks(countingSet, '1', []);
          expect(JSON.stringify([seen.head, [...seen.blocks]])).toBe(kept);
        }
        const who = before === 'other' ? other : aggregates;
        await refusal(who.handleBlocks(countingSet, '1', command, contextWith()));
      }
      await Promise.all([aggregates.settled(), other.settled()]);
      for (const instance of [aggregates, other, start()]) {
        const { head, blocks, revision } = await instance.loadBlocks(countingSet, '1', 'all');
        const oracle = await plainFold(store);
        expect({ head, blocks: [...blocks], revision }).toEqual({ ...oracle, blocks: [...oracle.blocks] });
      }
    }),
    { numRuns: 300 },
  );
});

/** Head and blocks from the first event with nothing kept, by means of its own. */
async function plainFold(store: EventStore) {
  const head = { name: '', count: 0, blocks: [] as number[] };
  const blocks = new Map<number, { numbers: number[] }>();
  const events = await eventsOf(store, 'countingSet-1');
  for (const { type, data } of events) {
    if (type === 'SetRenamed') head.name = (data as { name: string }).name;
    if (type !== 'NumbersChanged') continue;
    const { block, numbers } = data as { block: number; numbers: number[] };
    head.count++;
    if (!head.blocks.includes(block)) head.blocks.push(block);
    blocks.set(block, { numbers });
  }
  return { head, revision: events.length - 1, blocks: new Map([...blocks].sort(([a], [b]) => a - b)) };
}

it('reads only what is new of a stream that it has folded before', async () => {
  const { store, aggregates } = world();
  for (let i = 0; i < 5; i++) await aggregates.handleBlocks(countingSet, '1', toggle(i), contextWith());
  const read = jest.spyOn(store, 'readStream');
  await aggregates.handleBlocks(countingSet, '1', toggle(9), contextWith());
  expect(read.mock.calls).toEqual([['countingSet-1', { from: 4 }]]);
});

it('folds anew where the snapshot is ahead of a log that was restored from a backup', async () => {
  const { store, snapshots, aggregates } = world({ snapshotEveryEvents: 1 });
  for (let i = 0; i < 5; i++) await aggregates.handleBlocks(countingSet, '1', toggle(i), contextWith());
  await aggregates.settled();
  const restored = new MemoryEventStore({ log: new MemoryLog() });
  const events = await eventsOf(store, 'countingSet-1');
  await restored.append('countingSet-1', 'noStream', events.slice(0, 2));
  const later = new EventSourcedAggregates(restored, ids, snapshots);
  expect((await later.handleBlocks(countingSet, '1', toggle(9), contextWith())).revision).toBe(2);
  const { blocks } = await later.loadBlocks(countingSet, '1', 'all');
  expect([...blocks.values()]).toEqual([{ numbers: [0, 1, 9] }]);
});

it('goes on without snapshots while they cannot be reached', async () => {
  const errors: unknown[] = [];
  const away = new Error('away');
  const broken: SnapshotStore = {
    read: () => Promise.reject(away),
    write: () => Promise.reject(away),
    remove: () => Promise.reject(away),
  };
  const { aggregates } = world({ snapshotEveryEvents: 1, onSnapshotError: (error) => errors.push(error) }, broken);
  await aggregates.handleBlocks(countingSet, '1', toggle(1), contextWith());
  await aggregates.handleBlocks(countingSet, '1', toggle(2), contextWith());
  await aggregates.settled();
  expect((await aggregates.loadBlocks(countingSet, '1', [0])).blocks.get(0)).toEqual({ numbers: [1, 2] });
  expect(new Set(errors)).toEqual(new Set([away]));
});
