import { build, rankKey, epochText, ranksOf } from '@muster/assignment';
import { startTestApp, type TestApp } from '@muster/platform/testing';
import { ProfileSet } from '@muster/profile-set';
import { randomUUID } from 'node:crypto';
import { InsightsModule } from '../insights.module';
import { AudienceStory, SEED, tell, type Assigned } from '../testing/audience-story';
import { publishSegments, publishStrata } from '../testing/published-segments';
import type { ProfileHistoryDto } from './profile-history.dto';

jest.setTimeout(60_000);

const databaseId = randomUUID();
const stratification = { hash: 'cd'.repeat(32), strata: ['00000000000000b1', '00000000000000b2'] };
const members = Uint32Array.from({ length: 300 }, (_, i) => (i < 150 ? i + 1 : 70_000 + i));
const codes = Uint16Array.from(members, (_, i) => (i % 3 === 0 ? 1 : 0));
const { control } = build({
  seed: SEED,
  epoch: 1,
  strataHashes: stratification.strata,
  share: { kind: 'percent', basisPoints: 1500 },
  members,
  codes,
});
const people = [...members].map((profile, i): Assigned => {
  return { profile, code: codes[i]!, control: control.includes(profile) };
});

let muster: TestApp;

beforeAll(async () => {
  muster = await startTestApp([InsightsModule], { logLevel: 'warn' });
  const profiles = people.map(({ profile }) => ({
    profileNo: profile,
    externalId: `p ${String(profile)}`,
    age: 1,
    city: null,
  }));
  await publishSegments(muster.databaseUrl, databaseId, profiles);
  const names = ['married × tertiary', 'residual'];
  await publishStrata(
    muster.databaseUrl,
    stratification.hash,
    names.map((label, code) => ({ hash: stratification.strata[code]!, label })),
  );
});
afterAll(() => muster.close());

const history = async (profile: number, headers = {}): Promise<ProfileHistoryDto> => {
  const path = `/api/v1/insights/profiles/${databaseId}/${encodeURIComponent(`p ${String(profile)}`)}/history`;
  const response = await muster.request('GET', path, undefined, headers);
  expect([response.status, response.text]).toEqual([200, expect.any(String)]);
  return response.json<ProfileHistoryDto>();
};

/** Where a profile stands among those of its stratum, found by sorting. */
function expectedRank({ profile, code }: Assigned): { rank: number; of: number; drawn: number } {
  const key = rankKey('rank', epochText(SEED, 1));
  const stratum = people.filter((one) => one.code === code);
  const order = stratum
    .map((one) => ({ profile: one.profile, rank: ranksOf(key, Uint32Array.of(one.profile))[0]! }))
    .sort((a, b) => a.rank - b.rank);
  const rank = order.findIndex((one) => one.profile === profile) + 1;
  return { rank, of: stratum.length, drawn: stratum.filter((one) => one.control).length };
}

describe('the history of a profile', () => {
  const segmentId = randomUUID();
  const campaign = new AudienceStory(databaseId, segmentId, stratification);
  const { campaignId } = campaign;
  const someone = people.find((one) => one.control && one.code === 0 && one.profile > 65_536)!;
  const other = people.find((one) => !one.control && one.code === 1)!;

  beforeAll(async () => {
    const selection = { conditionHash: null, range: { from: 0, to: 10_000 }, limit: null };
    const describedAs = { databaseId, description: '', tags: [] };
    await tell(
      muster.store,
      `segment-${segmentId}`,
      [{ type: 'SegmentCreated', data: { segmentId, name: 'Adults', kind: 'static', selection, ...describedAs } }],
      '2026-01-01T00:00:00.000Z',
    );
    await tell(
      muster.store,
      `campaign-${campaignId}`,
      [
        {
          type: 'CampaignCreated',
          data: { campaignId, name: 'Spring', segmentId, segmentKind: 'static', ...describedAs },
        },
      ],
      '2026-01-01T00:00:00.000Z',
    );
    await tell(
      muster.store,
      `segmentMembers-${segmentId}`,
      segmentChange('ProfilesEnteredSegment', 'conditions', [...members]),
      '2026-01-02T00:00:00.000Z',
    );
    await tell(muster.store, campaign.stream, campaign.build(people), '2026-01-03T00:00:00.000Z');
    await tell(muster.store, campaign.stream, campaign.released([someone.profile]), '2026-01-04T00:00:00.000Z');
    await tell(
      muster.store,
      `segmentMembers-${segmentId}`,
      segmentChange('ProfilesLeftSegment', 'manual', [someone.profile]),
      '2026-01-05T00:00:00.000Z',
    );
    await tell(muster.store, campaign.stream, campaign.left([someone.profile]), '2026-01-06T00:00:00.000Z');
    await muster.settle();
  });

  function segmentChange(type: string, cause: string, profiles: number[]): { type: string; data: object }[] {
    const changeId = randomUUID();
    const change = { segmentId, databaseId, changeId, cause };
    const set = ProfileSet.of(profiles);
    const chunks = [...set.byBlock()].map(([block, part]) => {
      return { type, data: { ...change, block, profiles: part.encodeBase64(), count: part.size } };
    });
    const [added, removed] = type === 'ProfilesEnteredSegment' ? [set.size, 0] : [0, set.size];
    const closing = { ...change, blocks: set.blocks(), added, removed, count: 300 - removed };
    return [...chunks, { type: 'SegmentMembersChanged', data: closing }];
  }

  it('tells what was entered and left and why it got its group, newest first', async () => {
    const { rank, of, drawn } = expectedRank(someone);
    const told = await history(someone.profile);
    expect(told).toMatchObject({ profileNumber: someone.profile, externalId: `p ${String(someone.profile)}` });
    expect(told.items.map(({ at, sentence }) => [at.slice(0, 10), sentence])).toEqual([
      ['2026-01-06', 'left campaign Spring (segment)'],
      ['2026-01-05', 'left segment Adults (manual)'],
      ['2026-01-04', 'test: moved from the control group of campaign Spring (lcg_changed)'],
      [
        '2026-01-03',
        `entered campaign Spring (build); control: rank ${String(rank)} of ${String(of)} in stratum married × tertiary, ${String(drawn)} were drawn`,
      ],
      ['2026-01-02', 'entered segment Adults (conditions)'],
    ]);
    expect(told.items[3]).toMatchObject({
      campaignId,
      group: 'control',
      reason: {
        epoch: 1,
        stratum: { hash: stratification.strata[0], label: 'married × tertiary' },
        share: { percent: 15, count: null },
        counts: { assigned: of, control: drawn },
        draw: { rank, of, drawn },
      },
    });
    expect(told.items[0]).toMatchObject({ group: 'test' });
  });

  it('ranks those who were not drawn behind those who were', async () => {
    const { rank, of, drawn } = expectedRank(other);
    expect(rank).toBeGreaterThan(drawn);
    const [entered] = (await history(other.profile)).items;
    expect(entered?.reason?.draw).toEqual({ rank, of, drawn });
  });

  it('claims no rank that the record contradicts', async () => {
    const forced = new AudienceStory(databaseId, segmentId, stratification);
    const position = await tell(
      muster.store,
      forced.stream,
      forced.build(people.map((one) => (one.profile === other.profile ? { ...one, control: true } : one))),
    );
    const [entered] = (await history(other.profile, { 'muster-min-position': position })).items;
    expect(entered?.reason).toMatchObject({ group: 'control' });
    expect(entered?.reason).not.toHaveProperty('draw');
    expect(entered?.sentence).toContain('control: in stratum residual');
  });

  it('is not there for an external id that nobody has', async () => {
    const response = await muster.request('GET', `/api/v1/insights/profiles/${databaseId}/nobody/history`);
    expect([response.status, response.json()['code']]).toEqual([404, 'PROFILE_NOT_FOUND']);
  });
});
