import { startTestApp, type TestApp, type TestResponse } from '@muster/platform/testing';
import { randomUUID } from 'node:crypto';
import { InsightsModule } from '../insights.module';
import { AudienceStory, tell, type Assigned } from '../testing/audience-story';
import { publishSegments } from '../testing/published-segments';

jest.setTimeout(60_000);

const databaseId = randomUUID();
const people = [1, 2, 70_000].map((profile): Assigned => ({ profile, code: 0, control: profile === 2 }));

let muster: TestApp;
let told: AudienceStory;

beforeAll(async () => {
  muster = await startTestApp([InsightsModule], { logLevel: 'warn' });
  await publishSegments(muster.databaseUrl, databaseId, [
    { profileNo: 1, externalId: 'a', age: -1, city: '=1+1' },
    { profileNo: 2, externalId: 'b', age: 30, city: 'Oslo, "N"' },
  ]);
  told = new AudienceStory(databaseId, randomUUID(), null);
  await tell(muster.store, told.stream, told.build(people), '2026-01-01T00:00:00.000Z');
  await tell(muster.store, told.stream, told.left([1]), '2026-01-02T00:00:00.000Z');
  await muster.settle();
});
afterAll(() => muster.close());

const exported = (query: string, campaignId = told.campaignId): Promise<TestResponse> =>
  muster.request('GET', `/api/v1/insights/audiences/${campaignId}/export?${query}`);

it('CSV holds everyone as of the instant, formulas made harmless, the erased without attributes', async () => {
  const { status, headers, text } = await exported('asOf=2026-01-01T00:00:00Z');
  expect([status, headers['content-type']]).toEqual([200, 'text/csv; charset=utf-8']);
  expect(headers['content-disposition']).toBe(`attachment; filename="audience-${told.campaignId}.csv"`);
  expect(text.split('\r\n')).toEqual([
    'profileNumber,externalId,group,stratum,epoch,age,city',
    "1,a,test,all,1,-1,'=1+1",
    '2,b,control,all,1,30,"Oslo, ""N"""',
    '70000,,test,all,1,,',
    '',
  ]);
});

it('NDJSON holds one group and the fields that were asked for', async () => {
  const { status, text } = await exported('format=ndjson&group=control&fields=age');
  expect(status).toBe(200);
  expect(
    text
      .trim()
      .split('\n')
      .map((line) => JSON.parse(line) as unknown),
  ).toEqual([
    { profileNumber: 2, externalId: 'b', group: 'control', stratum: 'all', epoch: 1, attributes: { age: 30 } },
  ]);
});

it('a field that is not there is refused', async () => {
  const response = await exported('fields=age,shoe');
  expect([response.status, response.json()['code']]).toEqual([422, 'FIELD_UNKNOWN']);
});

it('there is no export while the audience is being built', async () => {
  const building = new AudienceStory(databaseId, randomUUID(), null);
  const runId = randomUUID();
  await tell(muster.store, building.stream, [building.started(runId), ...building.planned(runId, people, [])]);
  await muster.settle();
  const response = await exported('', building.campaignId);
  expect([response.status, response.json()['code']]).toEqual([409, 'AUDIENCE_NOT_BUILT']);
});
