import { createTestDatabase, type TestDatabase } from '@muster/embedded/testing';
import { START, type EventStore, type Position } from '@muster/event-store';
import { EventStoreDbEventStore } from '@muster/event-store-eventstoredb';
import { EventStoreDbDouble } from '@muster/event-store-eventstoredb/testing';
import { PostgresEventStore } from '@muster/event-store-postgres';
import { createPool } from '@muster/postgres';
import { randomUUID } from 'node:crypto';
import { AudienceStory, tell, type Assigned } from '../testing/audience-story';
import { SegmentStory } from '../testing/segment-story';
import { feedPage, type FeedPage } from './feed-page';
import { feedCursor, placeOfCursor } from './feed-place';
import { IntegrationFeed } from './integration-feed';

jest.setTimeout(60_000);

let database: TestDatabase;
let double: EventStoreDbDouble;
const stores: Record<string, EventStore> = {};
const ends: (() => Promise<unknown>)[] = [];

beforeAll(async () => {
  database = await createTestDatabase();
  double = await EventStoreDbDouble.start();
  const pool = createPool({ connectionString: database.connectionString });
  stores['Postgres'] = await PostgresEventStore.open({ pool });
  stores['EventStoreDB'] = await EventStoreDbEventStore.open({ connectionString: double.connectionString });
  ends.push(
    () => pool.end(),
    () => database.drop(),
    () => double.stop(),
  );
});
afterAll(async () => {
  for (const store of Object.values(stores)) await store.close();
  for (const end of ends) await end();
});

describe.each(['Postgres', 'EventStoreDB'])('on %s', (name) => {
  const segment = new SegmentStory(randomUUID());
  const audience = new AudienceStory(segment.databaseId, segment.segmentId, null);
  const people = [1, 2, 70_000, 140_000].map((profile): Assigned => ({ profile, code: 0, control: profile === 2 }));
  let store: EventStore;

  beforeAll(async () => {
    store = stores[name]!;
    await tell(store, segment.stream, [segment.created()]);
    await tell(store, segment.membersStream, segment.changed([1, 2, 70_000, 140_000], []));
    await tell(store, audience.stream, audience.build(people));
  });

  const page = async (after: string | undefined, limit: number, waitMs = 0): Promise<FeedPage & { cursor: string }> => {
    const place = after === undefined ? { position: START } : await placeOfCursor(store, after);
    const filter = { contexts: ['segments', 'campaigns', 'audiences'], feeds: ['sets', 'lifecycle'] } as const;
    const options = { limit, waitMs, signal: new AbortController().signal };
    const got = await feedPage(new IntegrationFeed(store), place, filter, options);
    return { ...got, cursor: feedCursor(store, got.place) };
  };

  it('pages of one, each from the cursor of the one before, tell the same as one page', async () => {
    const whole = await page(undefined, 100);
    expect([whole.caughtUp, whole.items.map(({ id }) => id.split('-')[0])]).toEqual([
      true,
      ['segment', ...Array<string>(4).fill('segmentMembers'), ...Array<string>(4).fill('audience')],
    ]);
    const ids: string[] = [];
    for (let after: string | undefined, done = false; !done;) {
      const { items, cursor, caughtUp } = await page(after, 1);
      ids.push(...items.map(({ id }) => id));
      [after, done] = [cursor, caughtUp];
    }
    expect(ids).toEqual(whole.items.map(({ id }) => id));
  });

  it('a wait ends with what comes', async () => {
    const { cursor } = await page(undefined, 100);
    const answered = page(cursor, 100, 30_000);
    const other = new SegmentStory(segment.databaseId);
    await tell(store, other.stream, [other.created()]);
    expect((await answered).items.map(({ subject }) => subject)).toEqual([other.segmentId]);
  });

  it('a cursor from beyond the end is gone, and one of another form refused', async () => {
    const head = await store.head();
    const beyond = head.replace(/^./, '9') as Position;
    await expect(placeOfCursor(store, feedCursor(store, { position: beyond }))).rejects.toMatchObject({
      code: 'CURSOR_GONE',
    });
    for (const position of ['1', `${head}x`, 'zzz'] as Position[]) {
      await expect(placeOfCursor(store, feedCursor(store, { position }))).rejects.toMatchObject({
        code: 'CURSOR_INVALID',
      });
    }
  });
});
