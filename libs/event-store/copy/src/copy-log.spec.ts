import fc from 'fast-check';
import { StoreUnavailable, type EventStore, type StoredEvent } from '@muster/event-store';
import { MemoryEventStore, MemoryLog, seededAnomalies } from '@muster/event-store-memory';
import { collect, newEvents } from '@muster/event-store-testing';
import { CopyFailed, copyLog, hashOf, type CopyCheckpoint } from './index';

/** The checkpoint as a file would keep it. */
function inMemory() {
  let kept: CopyCheckpoint | undefined;
  return {
    load: () => Promise.resolve(kept),
    save: (checkpoint: CopyCheckpoint) => {
      kept = checkpoint;
      return Promise.resolve();
    },
  };
}

const content = async (store: EventStore) =>
  (await collect(store.readAll())).map(({ stream, revision, id, type, data, metadata }: StoredEvent) => ({
    stream,
    revision,
    id,
    type,
    data,
    metadata,
  }));

async function filled(appends: readonly (readonly [stream: number, count: number])[], store = new MemoryEventStore()) {
  for (const [stream, count] of appends) await store.append(`campaign-${String(stream)}`, 'any', newEvents(count));
  return store;
}

const someAppends = fc.array(fc.tuple(fc.integer({ min: 0, max: 2 }), fc.integer({ min: 1, max: 40 })), {
  maxLength: 30,
});

describe('a copy', () => {
  it('is the same log, however often it was stopped and whatever was appended in between', async () => {
    await fc.assert(
      fc.asyncProperty(someAppends, someAppends, fc.integer(), async (appends, more, seed) => {
        const from = await filled(appends);
        const log = new MemoryLog();
        const anomalies = seededAnomalies(seed, { 'applied-then-error': 0.04, refused: 0.04 });
        const to = new MemoryEventStore({ log, anomalies });
        const checkpoints = inMemory();
        const run = () => copyLog({ from, to, checkpoints });
        await run().catch((error: unknown) => expect(error).toBeInstanceOf(StoreUnavailable));
        await filled(more, from);
        for (;;) {
          try {
            expect(await run()).toEqual(await hashOf(from));
            break;
          } catch (error) {
            if (!(error instanceof StoreUnavailable)) throw error;
          }
        }
        expect(await content(new MemoryEventStore({ log }))).toEqual(await content(from));
      }),
      { numRuns: 40 },
    );
  });

  it('of large events stays below what one append may take', async () => {
    const from = new MemoryEventStore();
    for (let i = 0; i < 5; i++) {
      await from.append('segmentMembers-1', 'any', newEvents(2, { data: 'x'.repeat(400_000) }));
    }
    const to = new MemoryEventStore();
    await copyLog({ from, to, checkpoints: inMemory() });
    expect(await content(to)).toEqual(await content(from));
  });

  it('does not begin in a log that holds something', async () => {
    const [from, to] = [await filled([[1, 1]]), await filled([[2, 1]])];
    await expect(copyLog({ from, to, checkpoints: inMemory() })).rejects.toBeInstanceOf(CopyFailed);
  });

  it('does not go on with the checkpoint of another', async () => {
    const checkpoints = inMemory();
    const from = await filled([[1, 1]]);
    await copyLog({ from, to: new MemoryEventStore(), checkpoints });
    await expect(copyLog({ from, to: new MemoryEventStore(), checkpoints })).rejects.toBeInstanceOf(CopyFailed);
  });

  it('into which somebody else appended is found out', async () => {
    const checkpoints = inMemory();
    const from = await filled([[1, 3]]);
    const to = new MemoryEventStore();
    await copyLog({ from, to, checkpoints });
    await to.append('campaign-9', 'noStream', newEvents(1));
    await expect(copyLog({ from, to, checkpoints })).rejects.toThrow('the target holds 4 events');
    const other = new MemoryEventStore();
    const begun = inMemory();
    await copyLog({ from: await filled([]), to: other, checkpoints: begun });
    await other.append('campaign-1', 'noStream', newEvents(1));
    const known = await begun.load();
    if (known) await begun.save({ ...known, fromStoreId: from.storeId });
    await expect(copyLog({ from, to: other, checkpoints: begun })).rejects.toThrow('cannot go on');
  });
});
