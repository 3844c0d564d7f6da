import { START, type EventStore, type Position, type StoredEvent } from '@muster/event-store';
import { aNewEvent, newEvents } from './a-new-event';
import { Follower, Stores, aCategory, aStream, collect, type ConformanceSetup } from './fixture';

const value = (event: StoredEvent) => (event.data as { value: number }).value;
/** A subscription that is told to end does so within this time. */
const PROMPT_MS = 1_000;

export function describeFollowing(setup: ConformanceSetup): void {
  describe('following', () => {
    const stores = new Stores(setup);
    let store: EventStore;
    beforeEach(async () => {
      store = await stores.open();
    });
    afterEach(() => stores.closeAll());

    it('gives what is there and then what comes, and says when it has caught up', async () => {
      const category = aCategory();
      await store.append(aStream(category), 'noStream', newEvents(3));
      const follower = new Follower(store, START, [category]);
      await follower.until(() => follower.batches.at(-1)?.caughtUp === true);
      expect(follower.events.map(value)).toEqual([0, 1, 2]);
      await store.append(aStream(category), 'noStream', [aNewEvent({ data: { value: 3 } })]);
      await follower.until(() => follower.events.length === 4);
      expect(follower.events.map(value)).toEqual([0, 1, 2, 3]);
      await follower.stop();
    });

    it('hears of what another client appends', async () => {
      const category = aCategory();
      const follower = new Follower(store, await store.head(), [category]);
      const other = await stores.open();
      await other.append(aStream(category), 'noStream', newEvents(2));
      await follower.until(() => follower.events.length === 2);
      await follower.stop();
    });

    it('says at once that it has caught up when nothing is new', async () => {
      const head = (await store.append(aStream(), 'any', newEvents(1))).position;
      const follower = new Follower(store, await store.head());
      await follower.until(() => follower.batches.at(-1)?.caughtUp === true);
      expect(follower.events).toEqual([]);
      expect((follower.scannedTo ?? '') >= head).toBe(true);
      await follower.stop();
    });

    it('goes on from any position, exclusive', async () => {
      const category = aCategory();
      const positions: Position[] = [];
      for (const event of newEvents(12)) {
        positions.push((await store.append(aStream(category), 'noStream', [event])).position);
      }
      for (const [i, after] of positions.entries()) {
        const follower = new Follower(store, after, [category]);
        await follower.until(() => follower.batches.at(-1)?.caughtUp === true);
        await follower.stop();
        expect(follower.events.map(value)).toEqual(Array.from({ length: 11 - i }, (_, n) => i + 1 + n));
      }
    });

    it('gives every event once when it goes on from each `scannedTo`', async () => {
      const category = aCategory();
      for (const event of newEvents(40)) {
        await store.append(aStream(category), 'noStream', [event]);
        await store.append(aStream(), 'noStream', newEvents(1));
      }
      const seen: StoredEvent[] = [];
      let after = START;
      for (;;) {
        const signal = new AbortController();
        const [batch] = await first(store.subscribe({ after, categories: [category], signal: signal.signal }));
        signal.abort();
        if (!batch) throw new Error('the subscription ended');
        seen.push(...batch.events);
        after = batch.scannedTo;
        if (batch.caughtUp) break;
      }
      expect(seen.map(value)).toEqual(newEvents(40).map((_, i) => i));
    });

    it('filters by category, whole and not by prefix', async () => {
      const [one, two] = [aCategory(), aCategory()];
      const before = await store.head();
      for (const category of [one, two, `${one}s`, aCategory()]) {
        await store.append(aStream(category), 'noStream', newEvents(2));
      }
      const single = new Follower(store, before, [one]);
      const both = new Follower(store, before, [one, two]);
      await Promise.all([single, both].map((f) => f.until(() => f.batches.at(-1)?.caughtUp === true)));
      expect(single.events.map((event) => event.stream.split('-')[0])).toEqual([one, one]);
      expect(both.events.map((event) => event.stream.split('-')[0])).toEqual([one, one, two, two]);
      await Promise.all([single.stop(), both.stop()]);
    });

    it('says how far it has scanned while only others append', async () => {
      const follower = new Follower(store, await store.head(), [aCategory()]);
      await follower.until(() => follower.batches.length > 0);
      const { position } = await store.append(aStream(), 'noStream', newEvents(3));
      await follower.until(() => (follower.scannedTo ?? '') >= position);
      expect(follower.events).toEqual([]);
      await follower.stop();
    });

    it('waits for a slow reader and then gives it everything', async () => {
      const category = aCategory();
      let release: () => void = () => undefined;
      const held = new Promise<void>((resolve) => (release = resolve));
      const follower = new Follower(store, await store.head(), [category], () => held);
      for (const event of newEvents(300)) await store.append(aStream(category), 'noStream', [event]);
      release();
      await follower.until(() => follower.events.length >= 300);
      expect(follower.events.map(value)).toEqual(newEvents(300).map((_, i) => i));
      await follower.stop();
    });

    describeEnding(() => store);
  });
}

function describeEnding(store: () => EventStore): void {
  it('ends promptly when it is told to, waiting or not', async () => {
    const waiting = new Follower(store(), await store().head());
    await waiting.until(() => waiting.batches.length > 0);
    const started = Date.now();
    await waiting.stop();
    const fresh = new Follower(store(), START);
    await fresh.stop();
    expect(Date.now() - started).toBeLessThan(2 * PROMPT_MS);
  });

  it('gives nothing when it was told to end before it began', async () => {
    await store().append(aStream(), 'noStream', newEvents(1));
    const batches = await collect(store().subscribe({ after: START, signal: AbortSignal.abort() }));
    expect(batches).toEqual([]);
  });

  it('may be left in the middle, and its store still closes', async () => {
    await store().append(aStream(), 'noStream', newEvents(1));
    const batches = await first(store().subscribe({ after: START, signal: new AbortController().signal }));
    expect(batches).toHaveLength(1);
  });

  it('ends when its store is closed, and the store then takes nothing', async () => {
    const follower = new Follower(store(), await store().head());
    await follower.until(() => follower.batches.length > 0);
    const started = Date.now();
    await store().close();
    await follower.ended;
    expect(Date.now() - started).toBeLessThan(PROMPT_MS);
    await expect(store().append(aStream(), 'any', newEvents(1))).rejects.toMatchObject({ name: 'StoreUnavailable' });
  });
}

async function first<T>(items: AsyncIterable<T>): Promise<T[]> {
  for await (const item of items) return [item];
  return [];
}
