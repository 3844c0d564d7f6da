import { AudiencesModule } from '@muster/audiences-service';
import { CampaignsModule } from '@muster/campaigns-service';
import { InsightsModule } from '@muster/insights-service';
import type { Adapters } from '@muster/platform';
import { startTestApp, type TestApp } from '@muster/platform/testing';
import { SegmentsModule } from '@muster/segments-service';
import { setTimeout as sleep } from 'node:timers/promises';

const PATIENCE_MS = 60_000;

/** The services of Muster in this process, on this database and what else they talk to. */
export function startServices(databaseUrl: string, adapters: Adapters = {}): Promise<TestApp> {
  return startTestApp([SegmentsModule, CampaignsModule, AudiencesModule, InsightsModule], { databaseUrl, adapters });
}

/** A campaign with an audience of `profiles` members. Answers its id. */
export async function activeCampaign(app: TestApp, profiles: number): Promise<string> {
  const rows = Array.from({ length: profiles }, (_, i) => `p-${String(i)},${String(i % 50)}`);
  const post = async (path: string, body?: unknown, headers?: Record<string, string>) => {
    const answer = await app.request('POST', `/api/v1${path}`, body, headers);
    if (answer.status >= 300) throw new Error(`POST ${path}: ${String(answer.status)} ${answer.text}`);
    await app.settle(PATIENCE_MS);
    return answer.text === '' ? {} : answer.json<Record<string, string>>();
  };
  const { databaseId } = await post('/profile-databases', { name: 'Shop', fields: [{ name: 'age', type: 'integer' }] });
  const csv = `externalId,age\n${rows.join('\n')}\n`;
  await post(`/profile-databases/${databaseId ?? ''}/imports`, csv, { 'content-type': 'text/csv' });
  const condition = { all: [{ field: 'age', op: 'between', value: { from: 0, to: 99 } }] };
  const segment = { databaseId, name: 'All', kind: 'static', condition, fill: true };
  const { segmentId } = await post('/segments', segment);
  const campaign = { name: 'Spring', databaseId, segmentId, lcg: { percent: 20 } };
  const { campaignId = '' } = await post('/campaigns', campaign);
  await post(`/campaigns/${campaignId}/activities`, { kind: 'broadcast', name: 'Mail' });
  await post(`/campaigns/${campaignId}/activation`);
  await until(async () => {
    const answer = await app.request('GET', `/api/v1/campaigns/${campaignId}`);
    return answer.json<{ status: string }>().status === 'active';
  });
  await app.settle(PATIENCE_MS);
  return campaignId;
}

export async function until(holds: () => Promise<boolean>): Promise<void> {
  const deadline = performance.now() + PATIENCE_MS;
  while (!(await holds())) {
    if (performance.now() > deadline) throw new Error('it did not come to that in time');
    await sleep(25);
  }
}
