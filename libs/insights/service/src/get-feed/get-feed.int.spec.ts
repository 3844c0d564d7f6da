import type { IntegrationEvent } from '@muster/contracts';
import { isMusterEvent } from '@muster/contracts/validation';
import { startTestApp, type TestApp, type TestResponse } from '@muster/platform/testing';
import { randomUUID } from 'node:crypto';
import { InsightsModule } from '../insights.module';
import { AudienceStory, tell, type Assigned } from '../testing/audience-story';
import { SegmentStory } from '../testing/segment-story';
import type { FeedPageDto } from './feed.dto';
import { Followers, MOST_FOLLOWERS } from './followers';

jest.setTimeout(60_000);

const databaseId = randomUUID();
const segment = new SegmentStory(databaseId);
const audience = new AudienceStory(databaseId, segment.segmentId, null);
const { campaignId } = audience;
const people = [1, 2, 70_000].map((profile): Assigned => ({ profile, code: 0, control: profile === 2 }));

let muster: TestApp;
/** Short names of everything told, in order. */
const TOLD = [
  'SegmentCreated',
  'ProfilesEnteredSegment',
  'ProfilesEnteredSegment',
  'SegmentMembershipChanged',
  'CampaignActivated',
  'CampaignStatusChanged',
  'ProfilesEnteredCampaign',
  'ProfilesEnteredCampaign',
  'AudienceBuilt',
  'CampaignStatusChanged',
];

beforeAll(async () => {
  muster = await startTestApp([InsightsModule], { logLevel: 'warn' });
  const { store } = muster;
  await tell(store, `profileDatabase-${databaseId}`, [{ type: 'ProfileDatabaseRenamed', data: { databaseId } }]);
  await tell(store, segment.stream, [segment.created()]);
  await tell(store, segment.membersStream, segment.changed([1, 2, 70_000], []));
  const settings = { databaseId, segmentId: segment.segmentId, lcg: null, stratification: null };
  const campaign = { campaignId, buildId: randomUUID() };
  await tell(store, `campaign-${campaignId}`, [{ type: 'CampaignActivated', data: { ...campaign, ...settings } }]);
  await tell(store, audience.stream, audience.build(people));
  const ready = { ...campaign, members: 3, control: 1 };
  await tell(store, `campaign-${campaignId}`, [{ type: 'CampaignAudienceReady', data: ready }]);
});
afterAll(() => muster.close());

const ask = (query: string, headers?: Record<string, string>): Promise<TestResponse> =>
  muster.request('GET', `/api/v1/feed?${query}`, undefined, headers);

async function page(query: string): Promise<FeedPageDto> {
  const response = await ask(query);
  expect([response.status, response.text]).toEqual([200, expect.any(String)]);
  return response.json<FeedPageDto>();
}

const names = (items: readonly { readonly type: string }[]): string[] =>
  items.map(({ type }) => type.split('.')[2] ?? '');

async function all(limit: number, query = ''): Promise<IntegrationEvent[]> {
  const items: FeedPageDto['items'][number][] = [];
  let after = '';
  for (;;) {
    const got = await page(`limit=${String(limit)}${query}${after}`);
    items.push(...got.items);
    after = `&after=${got.nextCursor}`;
    if (got.caughtUp) return items;
    expect(got.items.length).toBeLessThanOrEqual(limit);
  }
}

describe('without Kafka', () => {
  it('the feed tells everything from the first event on, in the order of the log', async () => {
    const { items, caughtUp } = await page('');
    expect(names(items)).toEqual(TOLD);
    expect(caughtUp).toBe(true);
    expect(items.filter((item) => !isMusterEvent(item))).toEqual([]);
    expect(items[1]).toMatchObject({
      specversion: '1.0',
      id: `${segment.membersStream}/0/0`,
      source: '/muster/segments',
      subject: segment.segmentId,
      data: { segmentId: segment.segmentId, count: 2 },
    });
  });

  it.each([1, 2, 3])(
    'pages of %i break off anywhere, within one stored event too, and lose and repeat nothing',
    async (limit) => {
      expect(await all(limit)).toEqual((await page('')).items);
    },
  );

  it('what is asked for is what is told: by service, feed, type and subject', async () => {
    expect(names(await all(1, '&contexts=segments'))).toEqual(TOLD.slice(0, 4));
    expect(names(await all(2, '&contexts=audiences&feeds=sets'))).toEqual(TOLD.slice(6, 8));
    expect(names(await all(1, '&feeds=lifecycle&contexts=audiences,segments'))).toEqual([
      'SegmentCreated',
      'AudienceBuilt',
    ]);
    expect(names(await all(1, '&contexts=segments&contexts=campaigns&feeds=lifecycle'))).toHaveLength(4);
    const type = 'muster.campaigns.CampaignStatusChanged.v1';
    expect((await all(1, `&types=${type}`)).map(({ data }) => data)).toMatchObject([
      { status: 'audience_building' },
      { status: 'active' },
    ]);
    expect(names(await all(2, `&subject=${campaignId}`))).toEqual(TOLD.slice(4));
  });

  it('a cursor moves on over what is not asked for', async () => {
    const nothing = `types=muster.audiences.AudienceExcluded.v1`;
    const first = await page(nothing);
    expect(first).toMatchObject({ items: [], caughtUp: true });
    expect((await page(`after=${first.nextCursor}`)).items).toEqual([]);
  });

  it('is for analysts, marketers and services', async () => {
    const status = async (role: keyof TestApp['keys']): Promise<number> =>
      (await ask('limit=1', { authorization: `Bearer ${muster.keys[role]}` })).status;
    expect(await Promise.all((['analyst', 'marketer', 'service', 'admin', 'operator'] as const).map(status))).toEqual([
      200, 200, 200, 200, 403,
    ]);
    expect((await ask('limit=1', { authorization: '' })).status).toBe(401);
  });
});

describe('a long poll', () => {
  it('is answered when something comes, and not before', async () => {
    const { nextCursor } = await page('');
    const other = new SegmentStory(databaseId);
    const answered = page(`waitSeconds=30&after=${nextCursor}`);
    let isAnswered = false;
    void answered.then(() => (isAnswered = true));
    await page('limit=1');
    expect(isAnswered).toBe(false);
    await tell(muster.store, other.stream, [other.created()]);
    expect(await answered).toMatchObject({ items: [{ subject: other.segmentId }], caughtUp: true });
  });

  it('is answered with nothing when the time is over, with a cursor behind what was not asked for', async () => {
    const { nextCursor } = await page('');
    const other = new SegmentStory(databaseId);
    const answered = page(`waitSeconds=1&contexts=audiences&after=${nextCursor}`);
    await tell(muster.store, other.stream, [other.created()]);
    const { items, nextCursor: next } = await answered;
    expect(items).toEqual([]);
    expect((await page(`after=${next}`)).items).toEqual([]);
  });
});

describe('too many who follow', () => {
  it('are refused, and told when to come again; pages are answered all the same', async () => {
    const followers = muster.app.get(Followers);
    const leave = Array.from({ length: MOST_FOLLOWERS }, () => followers.enter());
    for (const headers of [{}, { accept: 'text/event-stream' }]) {
      const response = await ask('waitSeconds=1', headers);
      expect([response.status, response.json()['code'], response.headers['retry-after']]).toEqual([
        503,
        'FEED_BUSY',
        '5',
      ]);
    }
    expect((await page('limit=1')).items).toHaveLength(1);
    leave[0]?.();
    leave[0]?.();
    expect((await page('limit=1&waitSeconds=1')).items).toHaveLength(1);
    expect((await page('limit=1&waitSeconds=1')).items).toHaveLength(1);
    followers.enter();
    expect((await ask('waitSeconds=1')).status).toBe(503);
    for (const each of leave) each();
  });
});

describe('a cursor', () => {
  const encoded = (place: object): string => Buffer.from(JSON.stringify(place)).toString('base64url');
  const refused = async (after: string): Promise<unknown[]> => {
    const response = await ask(`after=${after}`);
    return [response.status, response.json()['code']];
  };

  it('of another store is gone, and the answer says what to do', async () => {
    const after = encoded({ store: randomUUID(), position: '0000000000000000001' });
    expect(await refused(after)).toEqual([410, 'CURSOR_GONE']);
    expect((await ask(`after=${after}`)).json()['detail']).toMatch(/new snapshot/);
  });

  it('from beyond the end of the log, which was restored then, is gone', async () => {
    const store = muster.store.storeId;
    expect(await refused(encoded({ store, position: '0000000000000009999' }))).toEqual([410, 'CURSOR_GONE']);
  });

  it('that was made up is refused', async () => {
    const store = muster.store.storeId;
    const position = '0000000000000000001';
    const rubbish = [
      'rubbish',
      '%00',
      encoded([1]),
      encoded({}),
      encoded({ position }),
      encoded({ store, position: 1 }),
      encoded({ store: 7, position }),
      encoded({ store, position: 'zzz' }),
      encoded({ store, position: '1' }),
      encoded({ store, position, n: 0 }),
      encoded({ store, position, n: -1 }),
      encoded({ store, position, n: '1' }),
      encoded({ store, position, n: 1.5 }),
      encoded({ store, position, part: 1 }),
    ];
    for (const cursor of rubbish) expect([cursor, ...(await refused(cursor))]).toEqual([cursor, 422, 'CURSOR_INVALID']);
  });
});

it.each([
  ['feeds=profiles', '/feeds'],
  ['contexts=insights', '/contexts'],
  ['types=muster.segments.ProfileEnteredSegment.v1', '/types'],
  ['subject=me', '/subject'],
  ['waitSeconds=31', '/waitSeconds'],
  ['waitSeconds=soon', '/waitSeconds'],
  ['limit=0', '/limit'],
  ['limit=1001', '/limit'],
  ['cursor=x', '/cursor'],
])('the question %s is refused and names %s', async (query, path) => {
  const response = await ask(query);
  expect([response.status, response.json()]).toEqual([
    422,
    expect.objectContaining({ code: 'VALIDATION_FAILED', errors: [expect.objectContaining({ path })] }),
  ]);
});
