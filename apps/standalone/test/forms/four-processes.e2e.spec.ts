import { describeIf } from '@muster/embedded/testing';
import { TraceReceiver, traceWith, waysUp, wayUp } from '@muster/tracing/testing';
import { randomBytes } from 'node:crypto';
import { setTimeout as sleep } from 'node:timers/promises';
import { until, type Client } from '../client';
import { Apart, SERVICES, type ServiceName } from './apart';
import { formForTests, formApart, hasKafka } from './form-names';

const MINUTE = 60_000;
const WAIT = { timeoutMs: 2 * MINUTE, everyMs: 50 };

jest.setTimeout(4 * MINUTE);

const PEOPLE = 2_000;
const AGE_LIMIT = 60;
const TIERS = ['gold', 'silver', 'bronze'];
const people = Array.from({ length: PEOPLE }, (_, i) => ({
  id: `p${String(i)}`,
  age: i % 90,
  tier: TIERS[i % 3] ?? '',
}));
const selected = people.filter(({ age }) => age < AGE_LIMIT).map(({ id }) => id);

interface Member {
  readonly externalId: string;
  readonly group: string;
  readonly stratum: { readonly label: string };
}

/** Where no form is named, four processes on one Postgres: what they say to each other goes through the event store. */
const form = formApart();
const { available, reason } = formForTests();

describeIf(available, reason)(`four services, each in a process of its own (${form})`, () => {
  let apart: Apart;
  let client: Client;
  let collector: TraceReceiver;
  let databaseId: string;
  let segmentId: string;
  let campaignId: string;
  let built: Member[];

  /** Of the activation. */
  const traceId = randomBytes(16).toString('hex');

  beforeAll(async () => {
    collector = await TraceReceiver.start();
    const traces = { OTEL_EXPORTER_OTLP_ENDPOINT: collector.endpoint, OTEL_BSP_SCHEDULE_DELAY: '50' };
    apart = await Apart.prepare(form, traces);
    ({ client } = apart);
  });
  afterAll(async () => {
    await apart.close();
    await collector.close();
  });

  /** Whatever is in the way passes: a service that was killed is away for a while. */
  async function becomes(path: string, expected: Record<string, unknown>): Promise<void> {
    const ask = async (): Promise<Record<string, unknown>> => {
      const { status, text } = await client.send('GET', path);
      return status === 200 ? (JSON.parse(text) as Record<string, unknown>) : { status, text };
    };
    await until(ask, (seen) => Object.entries(expected).every(([name, value]) => seen[name] === value), WAIT);
  }

  const members = (id: string): Promise<Member[]> => client.all<Member>(`/insights/audiences/${id}/members`);

  it('start in any order, and say what they wait for', async () => {
    apart.service('insights').start();
    const waiting = await apart
      .service('insights')
      .healthOf(({ reasons }) => reasons.some((text) => text.includes('published')));
    expect(waiting.status).toBe('unavailable');
    apart.service('campaigns').start({ LOG_LEVEL: 'info' });
    const degraded = await apart.service('campaigns').healthOf(({ status }) => status === 'degraded');
    expect(degraded.reasons).toEqual([expect.stringMatching(/^the segments service at .* does not answer$/)]);
    apart.service('audiences').start({ MUSTER_CRASH_AT: 'build.after-plan' });
    apart.service('segments').start();
    for (const name of SERVICES) await apart.service(name).ready();
  });

  it('take profiles in, select some of them, and plan a campaign for these', async () => {
    const fields = [
      { name: 'age', type: 'integer' },
      { name: 'tier', type: 'string' },
    ];
    ({ databaseId } = await client.post<{ databaseId: string }>('/profile-databases', { name: 'People', fields }));
    const rows = people.map(({ id, age, tier }) => `${id},${String(age)},${tier}`);
    const imported = await client.import(databaseId, ['externalId,age,tier', ...rows].join('\n'), [
      ['externalId', 'externalId'],
    ]);
    expect(imported).toMatchObject({ state: 'completed', rows: { inserted: PEOPLE } });
    const condition = { field: 'age', op: 'lt', value: AGE_LIMIT };
    const segment = { databaseId, name: 'Under sixty', kind: 'static', condition, fill: true };
    ({ segmentId } = await client.post<{ segmentId: string }>('/segments', segment));
    await becomes(`/segments/${segmentId}`, { count: selected.length });
    const buckets = TIERS.map((tier) => ({ label: tier, values: [tier] }));
    const stratification = { fields: [{ field: 'tier', buckets }] };
    const campaign = { name: 'Spring', databaseId, segmentId, lcg: { percent: 15 }, stratification };
    ({ campaignId } = await client.post<{ campaignId: string }>('/campaigns', campaign));
    await client.post(`/campaigns/${campaignId}/activities`, { kind: 'broadcast', name: 'Mail' });
  });

  it('finish a build in whose middle audiences was killed', async () => {
    const traceparent = `00-${traceId}-${randomBytes(8).toString('hex')}-01`;
    await client.post(`/campaigns/${campaignId}/activation`, undefined, { traceparent });
    expect(await apart.service('audiences').ended()).toBe('SIGKILL');
    expect(await client.get(`/campaigns/${campaignId}`)).toMatchObject({ status: 'audience_building' });
    apart.service('audiences').start();
    await becomes(`/campaigns/${campaignId}`, { status: 'active' });
    await becomes(`/insights/audiences/${campaignId}`, { members: selected.length });
    built = await members(campaignId);
    expect(built.map(({ externalId }) => externalId).sort()).toEqual([...selected].sort());
    for (const tier of TIERS) {
      const stratum = built.filter(({ stratum: { label } }) => label === tier);
      const control = stratum.filter(({ group }) => group === 'control').length;
      expect(stratum.length).toBe(people.filter((one) => one.age < AGE_LIMIT && one.tier === tier).length);
      expect([Math.floor(stratum.length * 0.15), Math.ceil(stratum.length * 0.15)]).toContain(control);
    }
  });

  it('tell that activation as one trace, whoever did what and was killed meanwhile', async () => {
    const work = 'work audiences.CampaignActivated';
    const topics = hasKafka(form) ? ['publish campaigns.lifecycle.v1', 'publish audiences.lifecycle.v1'] : [];
    const call = 'GET segments/*/membership';
    const served = 'GET /api/v1/internal/segments-api/segments/:segmentId/membership';
    const names = [work, call, served, 'consume campaigns.audience-progress', 'project insights.audiences', ...topics];
    const spans = await traceWith(() => collector.spans, traceId, names);
    expect(wayUp(spans, work)).toEqual([
      work,
      'append campaign',
      'command campaign.ActivateCampaign',
      'POST /api/v1/campaigns/:campaignId/activation',
    ]);
    // What the killed process had in hand is told by those that it called, and not by itself; who took over tells both.
    const whole = String([served, call, ...wayUp(spans, work)]);
    const ways = (): Promise<string[]> => Promise.resolve(waysUp(collector.spans, served).map(String));
    expect(await until(ways, (told) => told.includes(whole), WAIT)).toContain(whole);
    // The way from a log to the trace: each line that was written within it names it.
    const lines = apart
      .service('campaigns')
      .said.split('\n')
      .filter((line) => line.includes(traceId));
    expect(lines.map((line) => JSON.parse(line) as object)).toContainEqual(
      expect.objectContaining({ traceId, correlationId: expect.any(String), msg: 'request completed' }),
    );
    const services = new Set(spans.map(({ service: name }) => name));
    expect(services).toEqual(new Set(SERVICES.map((name) => `muster-${name}`)));
  });

  it('give figures of what they carry and of the calls between them', async () => {
    const figuresOf = (name: ServiceName): Promise<string> => apart.service(name).figures(apart.adminKey);
    const ofCall = 'muster_segments_call_duration_seconds_count{call="GET segments/*/membership",outcome="ok"}';
    const ofConsumer =
      'muster_consumer_handle_duration_seconds_count{consumer="campaigns.audience-progress",outcome="handled"}';
    expect(await figuresOf('audiences')).toContain(`${ofCall} `);
    const campaigns = await figuresOf('campaigns');
    expect(campaigns).toContain(`${ofConsumer} `);
    expect(campaigns.includes('muster_relay_messages_total{relay="campaigns.relay-lifecycle"} ')).toBe(hasKafka(form));
  });

  it('lose nothing when segments is killed, and say so while it is away', async () => {
    const away = built.slice(0, 7).map(({ externalId }) => externalId);
    await client.post(`/segments/${segmentId}/members`, { remove: away });
    const summer = { name: 'Summer', databaseId, segmentId };
    const { campaignId: second } = await client.post<{ campaignId: string }>('/campaigns', summer);
    await client.post(`/campaigns/${second}/activities`, { kind: 'broadcast', name: 'Mail' });
    await apart.service('segments').end('SIGKILL');
    await client.post(`/campaigns/${second}/activation`);
    const refused = await client.send('POST', '/campaigns', { name: 'Autumn', databaseId, segmentId });
    expect([refused.status, refused.json()['code']]).toEqual([503, 'DEPENDENCY_UNAVAILABLE']);
    apart.service('segments').start();
    await apart.service('segments').ready();
    await apart.service('campaigns').ready();
    await becomes(`/segments/${segmentId}`, { count: selected.length - away.length });
    await becomes(`/insights/audiences/${campaignId}`, { members: selected.length - away.length });
    await becomes(`/campaigns/${second}`, { status: 'active' });
    await becomes(`/insights/audiences/${second}`, { members: selected.length - away.length });
    expect(await members(campaignId)).toEqual(built.filter(({ externalId }) => !away.includes(externalId)));
    await client.post(`/segments/${segmentId}/members`, { add: away });
    await becomes(`/insights/audiences/${campaignId}`, { members: selected.length });
  });

  it('take a key that one of them issued, and refuse it when it is revoked', async () => {
    const issued = await client.post<{ keyId: string; key: string }>('/api-keys', {
      name: 'analyst',
      roles: ['analyst'],
    });
    const status = async (): Promise<number> => {
      const headers = { authorization: `Bearer ${issued.key}` };
      return (await fetch(`${client.url}/api/v1/campaigns/${campaignId}`, { headers })).status;
    };
    expect(await until(status, (seen) => seen === 200, WAIT)).toBe(200);
    await client.call('DELETE', `/api-keys/${issued.keyId}`);
    for (let tries = 0; tries < 100 && (await status()) === 200; tries++) await sleep(50);
    expect(await status()).toBe(401);
  });

  it('complete the campaign, and stop when they are asked to', async () => {
    await client.post(`/campaigns/${campaignId}/completion`);
    await becomes(`/campaigns/${campaignId}`, { status: 'completed' });
    await becomes(`/insights/audiences/${campaignId}`, { members: 0 });
    expect(await Promise.all(SERVICES.map((name) => apart.service(name).end('SIGTERM')))).toEqual([0, 0, 0, 0]);
  });
});
