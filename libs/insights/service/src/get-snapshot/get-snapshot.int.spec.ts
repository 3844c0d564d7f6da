import { isMusterEvent, isSnapshotDocument } from '@muster/contracts/validation';
import { startTestApp, type TestApp, type TestResponse } from '@muster/platform/testing';
import { ProfileSet } from '@muster/profile-set';
import { randomUUID } from 'node:crypto';
import type { FeedPageDto } from '../get-feed/feed.dto';
import { InsightsModule } from '../insights.module';
import { AudienceStory, tell, type Assigned } from '../testing/audience-story';
import { SegmentStory } from '../testing/segment-story';
import type { SnapshotPageDto } from './snapshot.dto';

jest.setTimeout(60_000);

const databaseId = randomUUID();
const segment = new SegmentStory(databaseId);
const audience = new AudienceStory(databaseId, segment.segmentId, null);
const { campaignId } = audience;
const { segmentId } = segment;
const people = [1, 2, 70_000].map((profile): Assigned => ({ profile, code: 0, control: profile === 2 }));
/** A change of which the first half is in the log. */
const half = segment.changed([], []);

let muster: TestApp;
let inEmptyLog: SnapshotPageDto;

beforeAll(async () => {
  muster = await startTestApp([InsightsModule], { logLevel: 'warn' });
  inEmptyLog = await page('');
  const { store } = muster;
  const campaign = { campaignId, databaseId, segmentId };
  const created = { ...campaign, name: 'Spring', description: '', tags: [], segmentKind: 'static' };
  const settings = { ...campaign, buildId: randomUUID(), lcg: null, stratification: null };
  await tell(store, segment.stream, [segment.created(), segment.described('Grown-ups')]);
  await tell(store, segment.membersStream, segment.changed([1, 2, 70_000], []));
  await tell(store, segment.membersStream, segment.changed([3], [1]));
  await tell(store, `campaign-${campaignId}`, [
    { type: 'CampaignCreated', data: created },
    { type: 'CampaignActivated', data: settings },
  ]);
  await tell(store, audience.stream, audience.build(people));
  await tell(store, audience.stream, audience.left([1]));
  half.unshift(...segment.changed([4, 70_001], [3]));
  await tell(store, segment.membersStream, half.slice(0, 2));
});
afterAll(() => muster.close());

const ask = (query: string, headers?: Record<string, string>): Promise<TestResponse> =>
  muster.request('GET', `/api/v1/feed/snapshot?${query}`, undefined, headers);

async function page(query: string): Promise<SnapshotPageDto> {
  const response = await ask(query);
  expect([response.status, response.text]).toEqual([200, expect.any(String)]);
  return response.json<SnapshotPageDto>();
}

/** Short names with what tells them from others. */
const shown = ({ items }: SnapshotPageDto): unknown[] =>
  items.map(({ type, data }) => {
    const {
      profiles,
      control,
      databaseId: _,
      segmentId: _segment,
      campaignId: _campaign,
      changeId: _change,
      ...rest
    } = data as Record<string, unknown>;
    const sets = [profiles, control].flatMap((set) =>
      typeof set === 'string' ? [[...ProfileSet.decodeBase64(set)]] : [],
    );
    return [type.split('.')[2], ...Object.values(rest), ...sets];
  });

const SEGMENT = [
  ['SegmentSnapshot', 'static', 'Grown-ups', 3],
  ['SegmentMembersSnapshot', 2, [2, 3]],
  ['SegmentMembersSnapshot', 1, [70_000]],
];
const HALF = [
  ['ProfilesEnteredSegment', 'conditions', 1, [4]],
  ['ProfilesLeftSegment', 'conditions', 1, [3]],
];
const CAMPAIGN = [['CampaignSnapshot', 'Spring', 'audience_building']];
const AUDIENCE = [
  ['AudienceSnapshot', 1, 2, 1],
  ['AudienceMembersSnapshot', 1, 1, [2], [2]],
  ['AudienceMembersSnapshot', 1, 0, [70_000], []],
];

describe('a snapshot', () => {
  it('is of nothing in an empty log, and the feed goes on from there', async () => {
    expect(inEmptyLog).toMatchObject({ items: [], nextCursor: null });
    const response = await muster.request('GET', `/api/v1/feed?limit=1&after=${inEmptyLog.feedCursor ?? ''}`);
    expect(response.json<FeedPageDto>().items[0]?.id).toBe(`${segment.stream}/0/0`);
  });

  it('has segments and audiences with their members, campaigns, and what is half written', async () => {
    expect(shown(await page(''))).toEqual([...SEGMENT, ...HALF, ...CAMPAIGN, ...AUDIENCE]);
  });

  it('has nothing that is not valid by its schema', async () => {
    const { items } = await page('');
    expect(items.filter((item) => !isSnapshotDocument(item) && !isMusterEvent(item))).toEqual([]);
    expect(items.filter(isMusterEvent).map(({ type }) => type.split('.')[2])).toEqual(HALF.map(([name]) => name));
  });

  it('has documents with names of their own, and events as the feed tells them', async () => {
    const { items, position } = await page('contexts=segments');
    expect(items[0]).toEqual({
      specversion: '1.0',
      id: `snapshot/${position}/${segment.stream}/-1`,
      source: '/muster/segments',
      type: 'muster.segments.SegmentSnapshot.v1',
      time: expect.stringMatching(/^\d{4}-.*Z$/) as string,
      subject: segmentId,
      datacontenttype: 'application/json',
      position,
      data: { segmentId, databaseId, name: 'Grown-ups', kind: 'static', count: 3 },
    });
    const feed = await muster.request('GET', `/api/v1/feed?contexts=segments&feeds=sets`);
    expect(items.slice(3)).toEqual(feed.json<FeedPageDto>().items.slice(-2));
  });

  it('holds what is asked for', async () => {
    expect(shown(await page('contexts=campaigns,audiences'))).toEqual([...CAMPAIGN, ...AUDIENCE]);
    expect(shown(await page(`subject=${campaignId}`))).toEqual([...CAMPAIGN, ...AUDIENCE]);
    expect(shown(await page(`subject=${segmentId}`))).toEqual([...SEGMENT, ...HALF]);
    expect(shown(await page(`subject=${randomUUID()}`))).toEqual([]);
  });

  it('is for analysts, marketers and services', async () => {
    const status = async (role: keyof TestApp['keys']): Promise<number> =>
      (await ask('limit=1', { authorization: `Bearer ${muster.keys[role]}` })).status;
    const roles = ['analyst', 'marketer', 'service', 'operator'] as const;
    expect(await Promise.all(roles.map(status))).toEqual([200, 200, 200, 403]);
  });

  it('names the question that it refuses', async () => {
    for (const [query, path] of [
      ['after=x', '/after'],
      ['feeds=sets', '/feeds'],
      ['contexts=access', '/contexts'],
    ]) {
      expect((await ask(query ?? '')).json()).toMatchObject({ code: 'VALIDATION_FAILED', errors: [{ path }] });
    }
  });
});

describe('a cursor of a snapshot', () => {
  const encoded = (place: object): string => Buffer.from(JSON.stringify(place)).toString('base64url');
  const refused = async (cursor: string): Promise<unknown[]> => {
    const response = await ask(`cursor=${cursor}`);
    return [response.status, response.json()['code']];
  };
  const place = async (): Promise<Record<string, unknown>> => {
    const { nextCursor } = await page('limit=1');
    return JSON.parse(Buffer.from(nextCursor ?? '', 'base64url').toString()) as Record<string, unknown>;
  };

  it('of another store, or from beyond the end of the log, is gone', async () => {
    const given = await place();
    expect(await refused(encoded({ ...given, store: randomUUID() }))).toEqual([410, 'CURSOR_GONE']);
    expect(await refused(encoded({ ...given, snapshot: '0000000000000009999' }))).toEqual([410, 'CURSOR_GONE']);
  });

  it('that was made up is refused, and so is one of the feed, and one of a snapshot by the feed', async () => {
    const given = await place();
    const { feedCursor } = await page('');
    const rubbish = [
      'rubbish',
      feedCursor ?? '',
      encoded({ ...given, snapshot: 'x' }),
      encoded({ ...given, time: 'noon' }),
      encoded({ ...given, context: 'access' }),
      encoded({ ...given, subject: "'" }),
      encoded({ ...given, part: 0.5 }),
      encoded({ ...given, part: -2 }),
    ];
    for (const cursor of rubbish) expect([cursor, ...(await refused(cursor))]).toEqual([cursor, 422, 'CURSOR_INVALID']);
    const response = await muster.request('GET', `/api/v1/feed?after=${encoded(given)}`);
    expect([response.status, response.json()['code']]).toEqual([422, 'CURSOR_INVALID']);
  });
});

/** Last: it writes on. */
it('page by page a snapshot stays at its position, whatever is written meanwhile', async () => {
  const { store } = muster;
  const writes = [
    () => tell(store, segment.membersStream, half.slice(2)),
    () => tell(store, segment.membersStream, segment.changed([5, 70_002], [2])),
    () => tell(store, `campaign-${campaignId}`, [{ type: 'CampaignDeactivated', data: { campaignId } }]),
    () => tell(store, audience.stream, audience.released([2])),
    () => tell(store, audience.stream, audience.left([70_000])),
    () => tell(store, segment.stream, [segment.described('People')]),
  ];
  const seen: unknown[] = [];
  for (let cursor = ''; ;) {
    const one = await page(`limit=1${cursor}`);
    seen.push(...shown(one));
    await writes.shift()?.();
    await muster.settle();
    if (one.nextCursor === null) break;
    cursor = `&cursor=${one.nextCursor}`;
  }
  expect(writes).toEqual([]);
  expect(seen).toEqual([...SEGMENT, ...HALF, ...CAMPAIGN, ...AUDIENCE]);
});
