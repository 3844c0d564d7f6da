import { setTimeout as sleep } from 'node:timers/promises';
import { START, StoreUnavailable, type EventStore } from '@muster/event-store';
import { newEvents } from './a-new-event';
import { Follower, aCategory, aStream, collect, type ConformanceSetup } from './fixture';

const AWAY_MS = 300;
const SLOW_TEST_MS = 60_000;

export function describeSurviving({ outage }: ConformanceSetup): void {
  if (!outage) {
    it.skip('survives an outage [skipped: the adapter has no server to take away]', () => undefined);
    return;
  }
  const { open, begin, end } = outage;
  describe('surviving an outage', () => {
    let store: EventStore;
    beforeEach(async () => {
      store = await open();
    }, SLOW_TEST_MS);
    afterEach(async () => {
      await end();
      await store.close();
    }, SLOW_TEST_MS);

    it(
      'refuses appends and reads as unavailable, and takes them again afterwards',
      async () => {
        const stream = aStream();
        await store.append(stream, 'noStream', newEvents(1));
        await begin();
        await expect(store.append(stream, 0, newEvents(1))).rejects.toBeInstanceOf(StoreUnavailable);
        await expect(store.append(stream, 'any', newEvents(1))).rejects.toBeInstanceOf(StoreUnavailable);
        await expect(collect(store.readStream(stream))).rejects.toBeInstanceOf(StoreUnavailable);
        await expect(store.head()).rejects.toBeInstanceOf(StoreUnavailable);
        await end();
        await eventually(() => store.append(stream, 0, newEvents(1)));
        expect(await collect(store.readStream(stream))).toHaveLength(2);
      },
      SLOW_TEST_MS,
    );

    it(
      'goes on with its subscriptions from where they were',
      async () => {
        const category = aCategory();
        await store.append(aStream(category), 'noStream', newEvents(2));
        const follower = new Follower(store, START, [category]);
        await follower.until(() => follower.events.length === 2);
        await begin();
        await sleep(AWAY_MS);
        const startedWhileAway = new Follower(store, START, [category]);
        await sleep(AWAY_MS);
        await end();
        await eventually(() => store.append(`${category}-after`, 'noStream', newEvents(3)));
        for (const each of [follower, startedWhileAway]) {
          await each.until(() => each.events.length === 5);
          await each.stop();
        }
      },
      SLOW_TEST_MS,
    );

    it(
      'loses and doubles nothing of writers who repeat what had no answer',
      async () => {
        const category = aCategory();
        const writing = Array.from({ length: 6 }, () => writeRepeating(store, aStream(category), 60));
        await sleep(50);
        await begin();
        await sleep(AWAY_MS);
        await end();
        const ids = await Promise.all(writing);
        const stored = (await collect(store.readAll())).filter((event) => event.stream.startsWith(category));
        expect(stored.map(({ id }) => id).sort()).toEqual(ids.flat().sort());
      },
      SLOW_TEST_MS,
    );
  });
}

/** Appends one event after the other, each again with the same id until it is acknowledged. */
async function writeRepeating(store: EventStore, stream: string, count: number): Promise<string[]> {
  const ids: string[] = [];
  for (let revision = -1; revision < count - 1; revision++) {
    const events = newEvents(1);
    await eventually(() => store.append(stream, revision < 0 ? 'noStream' : revision, events));
    ids.push(...events.map(({ id }) => id));
  }
  return ids;
}

async function eventually<T>(attempt: () => Promise<T>): Promise<T> {
  for (;;) {
    try {
      return await attempt();
    } catch (error) {
      if (!(error instanceof StoreUnavailable)) throw error;
      await sleep(20);
    }
  }
}
