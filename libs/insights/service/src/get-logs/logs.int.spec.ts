import { startTestApp, type TestApp } from '@muster/platform/testing';
import { ProfileSet } from '@muster/profile-set';
import { randomUUID } from 'node:crypto';
import { InsightsModule } from '../insights.module';
import { AudienceStory, tell } from '../testing/audience-story';
import type { AudienceLogPageDto, CampaignLogPageDto, SegmentLogPageDto, SizesDto } from './logs.dto';

jest.setTimeout(60_000);

const databaseId = randomUUID();
const segmentId = randomUUID();
const campaignId = randomUUID();
let muster: TestApp;
let count = 0;

beforeAll(async () => {
  muster = await startTestApp([InsightsModule], { logLevel: 'warn' });
  await change('2026-01-05T10:00:00.000Z', 5, 0);
  await change('2026-01-11T23:59:59.999Z', 0, 2);
  await change('2026-01-12T00:00:00.000Z', 4, 0);
  await change('2026-02-01T00:00:00.000Z', 1, 3);
  const campaign = {
    campaignId,
    name: 'Spring',
    description: '',
    tags: [],
    databaseId,
    segmentId,
    segmentKind: 'static',
  };
  await tell(muster.store, `campaign-${campaignId}`, [
    { type: 'CampaignCreated', data: campaign },
    { type: 'CampaignDeactivated', data: { campaignId } },
  ]);
  await muster.settle();
});
afterAll(() => muster.close());

async function change(at: string, added: number, removed: number): Promise<void> {
  const changeId = randomUUID();
  const of = { segmentId, databaseId, changeId, cause: 'conditions' };
  const chunk = (type: string, size: number): { type: string; data: object }[] => {
    const profiles = ProfileSet.of(Array.from({ length: size }, (_, i) => count * 10 + i + 1)).encodeBase64();
    return size === 0 ? [] : [{ type, data: { ...of, block: 0, profiles, count: size } }];
  };
  count += added - removed;
  const closing = { type: 'SegmentMembersChanged', data: { ...of, blocks: [0], added, removed, count } };
  const events = [...chunk('ProfilesEnteredSegment', added), ...chunk('ProfilesLeftSegment', removed), closing];
  await tell(muster.store, `segmentMembers-${segmentId}`, events, at);
}

const get = async <T>(path: string): Promise<T> => {
  const response = await muster.request('GET', `/api/v1/insights/${path}`);
  expect([response.status, response.text]).toEqual([200, expect.any(String)]);
  return response.json<T>();
};

describe('the size of a segment over time', () => {
  it('is summed up by day, week from Monday on, and month, in UTC', async () => {
    const sizes = async (bucket: string): Promise<unknown[]> =>
      (await get<SizesDto>(`segments/${segmentId}/sizes?bucket=${bucket}`)).items.map(Object.values);
    expect(await sizes('day')).toEqual([
      ['2026-01-05', 5, 0, 5],
      ['2026-01-11', 0, 2, 3],
      ['2026-01-12', 4, 0, 7],
      ['2026-02-01', 1, 3, 5],
    ]);
    expect(await sizes('week')).toEqual([
      ['2026-01-05', 5, 2, 3],
      ['2026-01-12', 4, 0, 7],
      ['2026-01-26', 1, 3, 5],
    ]);
    expect(await sizes('month')).toEqual([
      ['2026-01-01', 9, 2, 7],
      ['2026-02-01', 1, 3, 5],
    ]);
  });
});

it('the log of a segment goes newest first, page by page', async () => {
  const first = await get<SegmentLogPageDto>(`segments/${segmentId}/log?limit=3`);
  const rest = await get<SegmentLogPageDto>(`segments/${segmentId}/log?limit=3&cursor=${first.nextCursor ?? ''}`);
  expect([...first.items, ...rest.items].map(({ at, added }) => [at, added])).toEqual([
    ['2026-02-01T00:00:00.000Z', 1],
    ['2026-01-12T00:00:00.000Z', 4],
    ['2026-01-11T23:59:59.999Z', 0],
    ['2026-01-05T10:00:00.000Z', 5],
  ]);
  expect(rest.nextCursor).toBeNull();
  expect(first.items[0]).toMatchObject({
    type: 'SegmentMembersChanged',
    cause: 'conditions',
    actor: { name: 'System' },
  });
});

it('the log of a campaign tells its life', async () => {
  const { items } = await get<CampaignLogPageDto>(`campaigns/${campaignId}/log`);
  expect(items.map(({ type }) => type)).toEqual(['CampaignDeactivated', 'CampaignCreated']);
  expect(items[1]?.details).toMatchObject({ name: 'Spring' });
});

it('the log of an audience sums up a change of its segment in one entry', async () => {
  const told = new AudienceStory(databaseId, segmentId, null);
  const newcomers = [1, 70_000].map((profile) => ({ profile, code: 0, control: false }));
  await tell(muster.store, told.stream, told.build([]));
  const applied = { campaignId: told.campaignId, segmentRevision: 5, entered: 2, left: 0 };
  const events = [...told.entered(newcomers, 'segment', 5), { type: 'SegmentChangeApplied', data: applied }];
  await tell(muster.store, told.stream, events);
  await muster.settle();
  const { items } = await get<AudienceLogPageDto>(`audiences/${told.campaignId}/log`);
  expect(items.map(({ type, entered, members }) => [type, entered, members])).toEqual([
    ['SegmentChangeApplied', 2, 2],
    ['AudienceBuilt', 0, 0],
    ['EpochOpened', 0, 0],
    ['AudienceBuildStarted', 0, 0],
  ]);
});

it('nobody has a log of what was never there', async () => {
  const codes = ['audiences', 'segments', 'campaigns'].map(async (kind) => {
    const response = await muster.request('GET', `/api/v1/insights/${kind}/${randomUUID()}/log`);
    return [response.status, response.json()['code']];
  });
  expect(await Promise.all(codes)).toEqual([
    [404, 'AUDIENCE_NOT_FOUND'],
    [404, 'SEGMENT_NOT_FOUND'],
    [404, 'CAMPAIGN_NOT_FOUND'],
  ]);
});
