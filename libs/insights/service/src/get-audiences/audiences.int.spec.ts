import { startTestApp, type TestApp } from '@muster/platform/testing';
import { randomUUID } from 'node:crypto';
import { InsightsModule } from '../insights.module';
import { AudienceStory, tell, type Assigned } from '../testing/audience-story';
import { publishSegments, publishStrata } from '../testing/published-segments';
import type { AudienceDto, MembersPageDto } from './audiences.dto';

jest.setTimeout(60_000);

const databaseId = randomUUID();
const segmentId = randomUUID();
const stratification = { hash: 'ab'.repeat(32), strata: ['00000000000000a1', '00000000000000a2', '00000000000000a3'] };
/** Three blocks; the codes go round, every fifth is control. */
const people = Array.from({ length: 60 }, (_, i): Assigned => {
  return { profile: (i % 3) * 65_536 + i + 1, code: i % 2, control: i % 5 === 0 };
});
const byNumber = [...people].sort((a, b) => a.profile - b.profile);

let muster: TestApp;

beforeAll(async () => {
  muster = await startTestApp([InsightsModule], { logLevel: 'warn' });
  const profiles = people.map(({ profile }) => {
    return {
      profileNo: profile,
      externalId: `p${String(profile)}`,
      age: profile % 90,
      city: profile % 2 ? 'Oslo' : null,
    };
  });
  await publishSegments(muster.databaseUrl, databaseId, profiles);
  await publishStrata(
    muster.databaseUrl,
    stratification.hash,
    ['young', 'old', 'residual'].map((label, code) => ({ hash: stratification.strata[code]!, label })),
  );
});
afterAll(() => muster.close());

const get = async <T>(path: string, position?: string): Promise<T> => {
  const headers = position === undefined ? {} : { 'muster-min-position': position };
  const response = await muster.request('GET', `/api/v1/insights/audiences/${path}`, undefined, headers);
  expect([response.status, response.text]).toEqual([200, expect.any(String)]);
  return response.json<T>();
};
const refusal = async (path: string): Promise<unknown[]> => {
  const response = await muster.request('GET', `/api/v1/insights/audiences/${path}`);
  return [response.status, response.json()['code']];
};
const story = (): AudienceStory => new AudienceStory(databaseId, segmentId, stratification);
const append = (told: AudienceStory, events: Parameters<typeof tell>[2], time?: string): Promise<string> =>
  tell(muster.store, told.stream, events, time);

describe('an audience', () => {
  it('is counted by group and stratum, with the labels of the strata', async () => {
    const told = story();
    const position = await append(told, told.build(people));
    const audience = await get<AudienceDto>(told.campaignId, position);
    expect(audience).toMatchObject({
      status: 'active',
      members: 60,
      test: 48,
      control: 12,
      epoch: 1,
      position,
      asOf: null,
    });
    const count = (code: number, control: boolean): number =>
      people.filter((one) => one.code === code && one.control === control).length;
    expect(audience.strata).toEqual(
      ['young', 'old', 'residual'].map((label, code) => {
        const [presentTest, presentControl] = [count(code, false), count(code, true)];
        const assigned = presentTest + presentControl;
        const share = assigned === 0 ? null : presentControl / assigned;
        const hash = stratification.strata[code];
        return { code, hash, label, epoch: 1, assigned, control: presentControl, presentTest, presentControl, share };
      }),
    );
  });

  it('is not there before its build is closed, and says that it is being built', async () => {
    const told = story();
    const runId = randomUUID();
    const position = await append(told, [told.started(runId), ...told.planned(runId, people, [])]);
    expect(await get<AudienceDto>(told.campaignId, position)).toMatchObject({
      status: 'building',
      members: 0,
      strata: [],
    });
    expect((await get<MembersPageDto>(`${told.campaignId}/members`)).items).toEqual([]);
  });

  it('keeps nothing of a plan that was abandoned', async () => {
    const told = story();
    const [first, second] = [randomUUID(), randomUUID()];
    const abandoned = [
      told.started(first),
      told.epochOpened(),
      ...told.planned(first, people, []),
      told.abandoned(first),
    ];
    await append(told, abandoned);
    const few = people.slice(0, 4);
    const position = await append(told, told.build(few, [], second));
    const audience = await get<AudienceDto>(told.campaignId, position);
    expect(audience).toMatchObject({ members: 4, epoch: 2 });
    expect(new Set(audience.strata.map(({ epoch }) => epoch))).toEqual(new Set([2]));
  });

  it('is paged through by group and stratum, with attributes, cause and time of entry', async () => {
    const told = story();
    const at = '2026-01-02T03:04:05.000Z';
    const position = await append(told, told.build(people), at);
    await muster.settle();
    const seen: MembersPageDto['items'] = [];
    let cursor: string | null = '';
    while (cursor !== null) {
      const query: string = cursor === '' ? '' : `&cursor=${cursor}`;
      const page: MembersPageDto = await get(
        `${told.campaignId}/members?group=control&stratum=${stratification.strata[0]!}&limit=2${query}`,
      );
      expect(page).toMatchObject({ count: 6, position });
      seen.push(...page.items);
      cursor = page.nextCursor;
    }
    const expected = byNumber.filter(({ control, code }) => control && code === 0);
    expect(seen).toEqual(
      expected.map(({ profile }) => ({
        profileNumber: profile,
        externalId: `p${String(profile)}`,
        group: 'control',
        stratum: { hash: stratification.strata[0], label: 'young' },
        epoch: 1,
        cause: 'build',
        enteredAt: at,
        attributes: { age: profile % 90, ...(profile % 2 === 1 && { city: 'Oslo' }) },
      })),
    );
  });

  it('stays for later pages as it was for the first', async () => {
    const told = story();
    await append(told, told.build(people));
    await muster.settle();
    const first = await get<MembersPageDto>(`${told.campaignId}/members?limit=50`);
    await append(told, told.left(byNumber.slice(-5).map(({ profile }) => profile)));
    await muster.settle();
    const rest = await get<MembersPageDto>(`${told.campaignId}/members?limit=50&cursor=${first.nextCursor ?? ''}`);
    expect([...first.items, ...rest.items].map(({ profileNumber }) => profileNumber)).toEqual(
      byNumber.map(({ profile }) => profile),
    );
    expect((await get<MembersPageDto>(`${told.campaignId}/members?limit=100`)).items).toHaveLength(55);
  });
});

describe('as of an instant', () => {
  it('an audience is what the last change not after it has left, by the running maximum of event time', async () => {
    const told = story();
    const build = await append(told, told.build(people), '2026-01-01T10:00:00.000Z');
    await append(told, told.left([people[0]!.profile]), '2026-01-01T12:00:00.000Z');
    // a clock that is behind: this counts as of 12:00, like what was recorded before it
    const late = await append(told, told.left([people[1]!.profile]), '2026-01-01T11:00:00.000Z');
    await muster.settle();
    const at = (time: string): Promise<AudienceDto> => get(`${told.campaignId}?asOf=2026-01-01T${time}Z`);
    expect(await at('09:59:59.999')).toMatchObject({ members: 0, status: 'empty', position: '', strata: [] });
    expect(await at('10:00:00.000')).toMatchObject({ members: 60, position: build });
    expect(await at('11:30:00.000')).toMatchObject({ members: 60, position: build });
    expect(await at('12:00:00.000')).toMatchObject({ members: 58, control: 11, position: late });
    const before = await get<MembersPageDto>(`${told.campaignId}/members?asOf=2026-01-01T11:30:00Z&limit=100`);
    expect(before.items.map(({ profileNumber }) => profileNumber)).toEqual(byNumber.map(({ profile }) => profile));
  });

  it('in the future, or without being one, is refused', async () => {
    const told = story();
    await append(told, told.build(people));
    await muster.settle();
    expect(await refusal(`${told.campaignId}?asOf=2999-01-01T00:00:00Z`)).toEqual([422, 'AS_OF_INVALID']);
    expect(await refusal(`${told.campaignId}?asOf=yesterday`)).toEqual([422, 'AS_OF_INVALID']);
    expect(await refusal(`${told.campaignId}/members?asOf=2026-02-30T25:00:00Z`)).toEqual([422, 'AS_OF_INVALID']);
  });
});

it('a campaign that nobody knows has no audience', async () => {
  expect(await refusal(randomUUID())).toEqual([404, 'AUDIENCE_NOT_FOUND']);
  expect(await refusal(`${randomUUID()}/members?cursor=e30`)).toEqual([422, 'CURSOR_INVALID']);
});
