import { startTestApp, type TestApp } from '@muster/platform/testing';
import fc from 'fast-check';
import type { FeedPageDto } from '../get-feed/feed.dto';
import { InsightsModule } from '../insights.module';
import { tell } from '../testing/audience-story';
import { NaiveSubscriber } from '../testing/naive-subscriber';
import { RandomHistory, step, type Append } from '../testing/random-history';
import type { SnapshotPageDto } from './snapshot.dto';

jest.setTimeout(120_000);

let muster: TestApp;
beforeAll(async () => {
  muster = await startTestApp([InsightsModule], { logLevel: 'warn' });
});
afterAll(() => muster.close());

async function get<T>(path: string): Promise<T> {
  const response = await muster.request('GET', `/api/v1/feed${path}`);
  expect([response.status, response.text]).toEqual([200, expect.any(String)]);
  return response.json<T>();
}

/** The events of several streams among each other; each stream keeps its order. */
function mixed(histories: readonly RandomHistory[], picks: readonly number[]): Append[] {
  const streams = new Map<string, Append[]>();
  for (const append of histories.flatMap(({ appends }) => appends)) {
    streams.set(append.stream, [...(streams.get(append.stream) ?? []), append]);
  }
  const all = histories.flatMap(({ creation }) => creation);
  for (let i = 0; streams.size > 0; i++) {
    const [name, left] = [...streams][(picks[i % picks.length] ?? 0) % streams.size]!;
    all.push(...left.splice(0, 1));
    if (left.length === 0) streams.delete(name);
  }
  return all;
}

const histories: RandomHistory[] = [];

it('a snapshot at any moment and the feed behind it are what there is in the end', async () => {
  const drawn = fc.record({
    steps: fc.tuple(...[1, 2].map(() => fc.array(step, { minLength: 1, maxLength: 6 }))),
    picks: fc.array(fc.nat(100), { minLength: 20, maxLength: 60 }),
    /** How much was written when the snapshot begins, and how much is written during each of its pages. */
    percent: fc.noBias(fc.nat(100)),
    during: fc.nat(3),
    limit: fc.constantFrom(2, 5, 100),
    delta: fc.constantFrom(3, 10, 100),
  });
  await fc.assert(
    fc.asyncProperty(drawn, async ({ steps, picks, percent, during, limit, delta }) => {
      const fresh = steps.map((some) => new RandomHistory(some));
      histories.push(...fresh);
      const rest = mixed(fresh, picks);
      const write = async (count: number): Promise<void> => {
        for (const { stream, events } of rest.splice(0, count)) await tell(muster.store, stream, events);
      };
      await write(Math.round((percent / 100) * rest.length));
      const subscriber = new NaiveSubscriber();
      let after = await snapshot(subscriber, limit, () => write(during));
      subscriber.endSnapshot();
      await write(rest.length);
      for (let caughtUp = false; !caughtUp;) {
        const page = await get<FeedPageDto>(`?limit=${String(delta)}&after=${after}`);
        for (const item of page.items) subscriber.take(item);
        ({ nextCursor: after, caughtUp } = page);
      }
      expectAll(subscriber);
    }),
    // A run that failed is in the log of the runs after it.
    { numRuns: 10, endOnFailure: true },
  );
});

/** Answers the cursor behind it. */
async function snapshot(subscriber: NaiveSubscriber, limit: number, afterPage: () => Promise<void>): Promise<string> {
  const positions = new Set<string>();
  for (let cursor = ''; ;) {
    const page = await get<SnapshotPageDto>(`/snapshot?limit=${String(limit)}${cursor}`);
    for (const item of page.items) subscriber.take(item);
    positions.add(page.position);
    await afterPage();
    if (page.feedCursor !== null) {
      expect([positions.size, page.nextCursor]).toEqual([1, null]);
      return page.feedCursor;
    }
    expect(page.items.length).toBe(limit);
    cursor = `&cursor=${page.nextCursor ?? ''}`;
  }
}

/** Of all runs: what was there before is in the snapshots of the later ones. */
function expectAll(subscriber: NaiveSubscriber): void {
  for (const { segment, campaignId, members, groups, status } of histories) {
    expect([...(subscriber.segments.get(segment.segmentId) ?? [])].sort(byNumber)).toEqual([...members].sort(byNumber));
    expect([...(subscriber.audiences.get(campaignId) ?? [])].sort(byFirst)).toEqual([...groups].sort(byFirst));
    expect(subscriber.statuses.get(campaignId) ?? 'inactive').toBe(status);
  }
}

const byNumber = (a: number, b: number): number => a - b;
const byFirst = ([a]: readonly [number, unknown], [b]: readonly [number, unknown]): number => a - b;
