import { startTestApp, type TestApp } from '@muster/platform/testing';
import { randomUUID } from 'node:crypto';
import { InsightsModule } from '../insights.module';
import { AudienceStory, tell, type Assigned } from '../testing/audience-story';
import { publishSegments } from '../testing/published-segments';
import type { DifferencesDto } from './differences.dto';

jest.setTimeout(60_000);

const databaseId = randomUUID();
const people = [1, 2, 3, 4, 70_000, 70_001].map((profile): Assigned => ({
  profile,
  code: 0,
  control: profile % 2 === 0,
}));

let muster: TestApp;
let told: AudienceStory;

const day = (n: number): string => `2026-01-0${String(n)}T00:00:00.000Z`;

beforeAll(async () => {
  muster = await startTestApp([InsightsModule], { logLevel: 'warn' });
  const profiles = people.map(({ profile }) => ({
    profileNo: profile,
    externalId: `p${String(profile)}`,
    age: 1,
    city: null,
  }));
  await publishSegments(muster.databaseUrl, databaseId, profiles);
  told = new AudienceStory(databaseId, randomUUID(), null);
  await tell(muster.store, told.stream, told.build(people.slice(0, 5)), day(1));
  await tell(muster.store, told.stream, told.left([1, 3]), day(2));
  await tell(muster.store, told.stream, told.entered([people[5]!, people[0]!]), day(3));
  await tell(muster.store, told.stream, told.released([4]), day(4));
  await muster.settle();
});
afterAll(() => muster.close());

const between = async (query: string): Promise<DifferencesDto> => {
  const path = `/api/v1/insights/audiences/${told.campaignId}/differences?${query}`;
  const response = await muster.request('GET', path);
  expect([response.status, response.text]).toEqual([200, expect.any(String)]);
  return response.json<DifferencesDto>();
};

it('who left and came back into the same group makes no difference', async () => {
  const { counts, items, nextCursor } = await between(`from=${day(1)}`);
  expect(counts).toEqual({ entered: 1, left: 1, changedGroup: 1 });
  expect(items).toEqual([
    { profileNumber: 3, externalId: 'p3', change: 'left', before: 'test', after: null },
    { profileNumber: 4, externalId: 'p4', change: 'changed_group', before: 'control', after: 'test' },
    { profileNumber: 70_001, externalId: 'p70001', change: 'entered', before: null, after: 'test' },
  ]);
  expect(nextCursor).toBeNull();
});

it('between two instants only what happened between them counts, page by page', async () => {
  const query = `from=${day(1)}&to=${day(2)}&limit=1`;
  const first = await between(query);
  expect(first).toMatchObject({ counts: { entered: 0, left: 2, changedGroup: 0 }, items: [{ profileNumber: 1 }] });
  const second = await between(`${query}&cursor=${first.nextCursor ?? ''}`);
  expect(second).toMatchObject({ items: [{ profileNumber: 3 }], nextCursor: null });
});

it('one kind of change can be asked for', async () => {
  expect((await between(`from=${day(1)}&change=entered`)).items.map((one) => one.profileNumber)).toEqual([70_001]);
});

it('from a later to an earlier instant is refused', async () => {
  const path = `/api/v1/insights/audiences/${told.campaignId}/differences?from=${day(3)}&to=${day(2)}`;
  const response = await muster.request('GET', path);
  expect([response.status, response.json()['code']]).toEqual([422, 'AS_OF_INVALID']);
});
