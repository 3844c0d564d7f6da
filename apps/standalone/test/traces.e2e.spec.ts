import { createTestDatabase, type TestDatabase } from '@muster/embedded/testing';
import { recordTraces, traceWith, wayUp, type RecordedTraces, type ToldSpan } from '@muster/tracing/testing';
import { randomBytes } from 'node:crypto';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { startStandalone, type Standalone } from '../src/start-standalone';
import { Client } from './client';

const MINUTE = 60_000;

let traces: RecordedTraces;
let database: TestDatabase;
let dataDir: string;
let standalone: Standalone;
let client: Client;

beforeAll(async () => {
  traces = recordTraces();
  database = await createTestDatabase();
  dataDir = await mkdtemp(join(tmpdir(), 'muster-traces-'));
  standalone = await startStandalone({
    dataDir,
    databaseUrl: database.connectionString,
    port: 0,
    logLevel: 'silent',
  });
  client = new Client(standalone.url, standalone.developmentKey);
}, MINUTE);
afterAll(async () => {
  await standalone.close();
  await rm(dataDir, { recursive: true, force: true });
  await database.drop();
  await traces.stop();
});

/** What a caller sends that traces by itself. */
function aTrace(): { readonly traceId: string; readonly headers: { readonly traceparent: string } } {
  const traceId = randomBytes(16).toString('hex');
  return { traceId, headers: { traceparent: `00-${traceId}-${randomBytes(8).toString('hex')}-01` } };
}

const told = (traceId: string, names: readonly string[]): Promise<readonly ToldSpan[]> =>
  traceWith(() => traces.told(), traceId, names);

it(
  'a command can be followed from its request to every read model that shows what came of it',
  async () => {
    const fields = [{ name: 'age', type: 'integer' }];
    const { databaseId } = await client.post<{ databaseId: string }>('/profile-databases', { name: 'P', fields });
    const upload = aTrace();
    const path = `/profile-databases/${databaseId}/imports?externalId=externalId`;
    const csv = ['externalId,age', ...Array.from({ length: 50 }, (_, i) => `p${String(i)},${String(i)}`)].join('\n');
    await client.post(path, csv, { 'content-type': 'text/csv', ...upload.headers });
    const imported = await told(upload.traceId, ['project segments.profile_databases', 'work segments.import']);
    expect(wayUp(imported, 'work segments.import')).toEqual([
      'work segments.import',
      'POST /api/v1/profile-databases/:databaseId/imports',
    ]);

    const filled = aTrace();
    const condition = { field: 'age', op: 'gte', value: 0 };
    const segment = { databaseId, name: 'All', kind: 'static', condition, fill: true };
    const { segmentId } = await client.post<{ segmentId: string }>('/segments', segment, filled.headers);
    await told(filled.traceId, ['work segments.recalculation', 'project insights.segments']);

    const campaign = { name: 'Spring', databaseId, segmentId, lcg: { percent: 10 } };
    const { campaignId } = await client.post<{ campaignId: string }>('/campaigns', campaign);
    await client.post(`/campaigns/${campaignId}/activities`, { kind: 'broadcast', name: 'Mail' });
    const activated = aTrace();
    await client.post(`/campaigns/${campaignId}/activation`, undefined, activated.headers);
    const spans = await told(activated.traceId, [
      'consume audiences.intake',
      'work audiences.CampaignActivated',
      'consume campaigns.audience-progress',
      'project campaigns.campaigns',
      'project insights.audiences',
    ]);
    expect(wayUp(spans, 'append audience')).toEqual([
      'append audience',
      expect.stringMatching(/^command audience\./),
      'work audiences.CampaignActivated',
      'append campaign',
      'command campaign.ActivateCampaign',
      'POST /api/v1/campaigns/:campaignId/activation',
    ]);
  },
  MINUTE,
);

it('what machines ask every few seconds is not traced, and a request of nobody who traces begins a trace', async () => {
  await client.send('GET', '/health/ready');
  await client.get('/campaigns');
  const list = (): ToldSpan | undefined => traces.told().find(({ name }) => name === 'GET /api/v1/campaigns');
  for (let tries = 0; tries < 500 && !list(); tries++) await sleep(20);
  expect(list()).toMatchObject({ attributes: { 'http.response.status_code': 200 } });
  expect(list()?.parentSpanId).toBeUndefined();
  expect(traces.told().filter(({ name }) => name.includes('health'))).toEqual([]);
});
