import { setTimeout as sleep } from 'node:timers/promises';
import { START, WrongExpectedRevision, isBefore, type EventStore, type StoredEvent } from '@muster/event-store';
import { newEvents } from './a-new-event';
import { Follower, Stores, aCategory, aStream, collect, itWith, type ConformanceSetup } from './fixture';

const WRITERS = 16;
const STREAMS = 8;
const APPENDS_EACH = 25;

export function describeRacing(setup: ConformanceSetup): void {
  describe('racing', () => {
    const stores = new Stores(setup);
    afterEach(() => stores.closeAll());

    const race = async () => {
      const category = aCategory();
      const clients = await Promise.all([1, 2, 3].map(() => stores.open()));
      const reader = await stores.open();
      const followers = [START, await reader.head()].map((after) => new Follower(reader, after, [category]));
      const written = await writeAll(clients, category);
      for (const follower of followers) {
        await follower.until(() => follower.events.length >= written);
        await follower.stop();
        expectOrdered(follower.events, written);
      }
      const all = (await collect(reader.readAll())).filter((event) => event.stream.startsWith(category));
      expect(followers.map(({ events }) => events.map(({ id }) => id))).toEqual(
        [all, all].map((e) => e.map(({ id }) => id)),
      );
    };

    it('loses and reorders nothing of 16 writers', race, 60_000);

    itWith(
      setup.besideLongWrite,
      'the adapter has no other writers beside it',
      'loses, reorders and delays nothing beside a long write',
      (besideLongWrite) =>
        besideLongWrite(async () => {
          await race();
          expect(await delayMs(await stores.open())).toBeLessThan(1_000);
        }),
      60_000,
    );

    it('lets exactly one of many win each revision', async () => {
      const stream = aStream();
      const clients = await Promise.all([1, 2, 3, 4].map(() => stores.open()));
      for (let revision = -1; revision < 9; revision++) {
        const results = await Promise.allSettled(
          Array.from({ length: 8 }, (_, i) =>
            clients[i % 4]!.append(stream, revision < 0 ? 'noStream' : revision, newEvents(1)),
          ),
        );
        const lost = results.filter((result) => result.status === 'rejected');
        expect(lost).toHaveLength(7);
        for (const { reason } of lost) expect(reason).toBeInstanceOf(WrongExpectedRevision);
      }
    });
  });
}

/** How long a subscription waits for an event that is appended now. */
async function delayMs(store: EventStore): Promise<number> {
  const category = aCategory();
  const follower = new Follower(store, await store.head(), [category]);
  await follower.until(() => follower.batches.length > 0);
  const started = Date.now();
  await store.append(aStream(category), 'noStream', newEvents(1));
  await follower.until(() => follower.events.length === 1);
  await follower.stop();
  return Date.now() - started;
}

/** Returns how many events were acknowledged. */
async function writeAll(clients: readonly EventStore[], category: string): Promise<number> {
  const streams = Array.from({ length: STREAMS }, () => aStream(category));
  const counts = await Promise.all(
    Array.from({ length: WRITERS }, async (_, writer) => {
      let count = 0;
      for (let i = 0; i < APPENDS_EACH; i++) {
        const events = newEvents(1 + ((writer + i) % 3));
        const stream = streams[(writer * 7 + i) % STREAMS]!;
        await clients[writer % clients.length]!.append(stream, 'any', events);
        count += events.length;
        if (i % 5 === 0) await sleep(writer % 4);
      }
      return count;
    }),
  );
  return counts.reduce((sum, count) => sum + count, 0);
}

function expectOrdered(events: readonly StoredEvent[], written: number): void {
  expect(events).toHaveLength(written);
  const next = new Map<string, number>();
  for (const [i, event] of events.entries()) {
    const previous = events[i - 1];
    if (previous) expect(isBefore(previous.position, event.position)).toBe(true);
    expect(event.revision).toBe(next.get(event.stream) ?? 0);
    next.set(event.stream, event.revision + 1);
  }
}
