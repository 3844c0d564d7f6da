import { START, type EventStore, type Position, type StoredEvent } from '@muster/event-store';
import { aNewEvent, newEvents } from './a-new-event';
import { Stores, aCategory, aStream, collect, type ConformanceSetup } from './fixture';

const value = (event: StoredEvent) => (event.data as { value: number }).value;

export function describeReading(setup: ConformanceSetup): void {
  describe('reading', () => {
    const stores = new Stores(setup);
    let store: EventStore;
    beforeEach(async () => {
      store = await stores.open();
    });
    afterEach(() => stores.closeAll());

    describeStreams(() => store);
    describeWholeLog(() => store);

    it('cuts large events into pages without losing any', async () => {
      const stream = aStream();
      const before = await store.head();
      for (let i = 0; i < 24; i++) {
        await store.append(stream, 'any', [aNewEvent({ data: { value: i, text: 'x'.repeat(450_000) } })]);
      }
      const values = Array.from({ length: 24 }, (_, i) => i);
      expect((await collect(store.readStream(stream))).map(value)).toEqual(values);
      expect((await collect(store.readStream(stream, { direction: 'backwards' }))).map(value)).toEqual(
        [...values].reverse(),
      );
      const own = (await collect(store.readAll({ from: before }))).filter((event) => event.stream === stream);
      expect(own.map(value)).toEqual(values);
    });

    it('tells positions of another store from its own', async () => {
      await expect(collect(store.readAll({ from: 'nonsense' as Position }))).rejects.toThrow();
    });

    it('finds the same log when opened again', async () => {
      const stream = aStream();
      await store.append(stream, 'noStream', newEvents(2));
      const again = await stores.open();
      expect(again.storeId).toBe(store.storeId);
      expect(again.storeId).not.toBe('');
      expect(await collect(again.readStream(stream))).toHaveLength(2);
    });
  });
}

function describeStreams(store: () => EventStore): void {
  it('finds nothing in a stream that does not exist', async () => {
    expect(await collect(store().readStream(aStream()))).toEqual([]);
    expect(await collect(store().readStream(aStream(), { direction: 'backwards' }))).toEqual([]);
  });

  it('reads a stream from a revision on, inclusive, in both directions', async () => {
    const stream = aStream();
    await store().append(stream, 'noStream', newEvents(10));
    const read = async (options: Parameters<EventStore['readStream']>[1]) =>
      (await collect(store().readStream(stream, options))).map(value);
    expect(await read({ from: 7 })).toEqual([7, 8, 9]);
    expect(await read({ from: 3, limit: 2 })).toEqual([3, 4]);
    expect(await read({ from: 10 })).toEqual([]);
    expect(await read({ limit: 0 })).toEqual([]);
    expect(await read({ direction: 'backwards' })).toEqual([9, 8, 7, 6, 5, 4, 3, 2, 1, 0]);
    expect(await read({ direction: 'backwards', from: 2 })).toEqual([2, 1, 0]);
    expect(await read({ direction: 'backwards', from: 5, limit: 2 })).toEqual([5, 4]);
    expect(await read({ direction: 'backwards', from: 0 })).toEqual([0]);
  });

  it('reads streams apart whose names share a beginning', async () => {
    const stream = aStream();
    await store().append(stream, 'noStream', newEvents(1));
    await store().append(`${stream}1`, 'noStream', newEvents(2));
    expect(await collect(store().readStream(stream))).toHaveLength(1);
  });

  it('may be left in the middle', async () => {
    const stream = aStream();
    await store().append(stream, 'noStream', newEvents(2_500));
    let seen = 0;
    for await (const event of store().readStream(stream)) {
      expect(event.revision).toBe(seen++);
      if (seen === 3) break;
    }
    expect(seen).toBe(3);
    await expect(store().append(stream, 2_499, newEvents(1))).resolves.toMatchObject({ revision: 2_500 });
  });
}

function describeWholeLog(store: () => EventStore): void {
  it('reads all streams in one order: forwards inclusive, backwards exclusive', async () => {
    const category = aCategory();
    const [one, other] = [aStream(category), aStream(category)];
    for (let i = 0; i < 6; i++) await store().append(i % 2 ? other : one, 'any', [aNewEvent({ data: { value: i } })]);
    const own = (events: readonly StoredEvent[]) => events.filter((event) => event.stream.startsWith(category));
    const all = own(await collect(store().readAll()));
    expect(all.map(value)).toEqual([0, 1, 2, 3, 4, 5]);
    const from = all[3]!.position;
    expect(own(await collect(store().readAll({ from }))).map(value)).toEqual([3, 4, 5]);
    expect((await collect(store().readAll({ from, limit: 1 }))).map(value)).toEqual([3]);
    expect(own(await collect(store().readAll({ direction: 'backwards' }))).map(value)).toEqual([5, 4, 3, 2, 1, 0]);
    expect(own(await collect(store().readAll({ direction: 'backwards', from }))).map(value)).toEqual([2, 1, 0]);
    expect((await collect(store().readAll({ direction: 'backwards', from, limit: 2 }))).map(value)).toEqual([2, 1]);
    expect(await collect(store().readAll({ direction: 'backwards', from: START }))).toEqual([]);
  });

  it('knows its head, and how far two positions are apart', async () => {
    const { position: before } = await store().append(aStream(), 'any', newEvents(1));
    const { position: after } = await store().append(aStream(), 'any', newEvents(5));
    expect((await store().head()) >= after).toBe(true);
    expect(await store().distance(before, after)).toBeGreaterThanOrEqual(5);
    expect(await store().distance(after, after)).toBe(0);
    expect(await store().distance(after, before)).toBe(0);
  });
}
