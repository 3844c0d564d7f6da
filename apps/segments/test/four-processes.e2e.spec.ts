import { createTestDatabase, type TestDatabase } from '@muster/embedded/testing';
import { TraceReceiver, traceWith, wayUp } from '@muster/tracing/testing';
import { execFileSync } from 'node:child_process';
import { randomBytes, randomUUID } from 'node:crypto';
import { resolve } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { startReverseProxy, type ReverseProxy } from './reverse-proxy';
import { freePorts, ServiceProcess } from './service-process';

const MINUTE = 60_000;
const ROOT = resolve(__dirname, '../../..');
const SERVICES = ['segments', 'campaigns', 'audiences', 'insights'] as const;
/** Paths below `/api/v1` by the service that has them. */
const PREFIXES: readonly (readonly [string, (typeof SERVICES)[number]])[] = [
  ['profile-databases', 'segments'],
  ['imports', 'segments'],
  ['segments', 'segments'],
  ['api-keys', 'segments'],
  ['campaigns', 'campaigns'],
  ['activities', 'campaigns'],
  ['audiences', 'audiences'],
  ['insights', 'insights'],
  ['feed', 'insights'],
];

const PEOPLE = 2_000;
const AGE_LIMIT = 60;
const TIERS = ['gold', 'silver', 'bronze'];
const people = Array.from({ length: PEOPLE }, (_, i) => ({
  id: `p${String(i)}`,
  age: i % 90,
  tier: TIERS[i % 3] ?? '',
}));
const selected = people.filter(({ age }) => age < AGE_LIMIT).map(({ id }) => id);

const key = (): string => `mk_${randomUUID()}_${randomBytes(24).toString('base64url')}`;
const keys = { ADMIN_API_KEY: key(), SERVICE_API_KEY: key() };

let database: TestDatabase;
let proxy: ReverseProxy;
let collector: TraceReceiver;
const services = new Map<string, ServiceProcess>();

function service(name: (typeof SERVICES)[number]): ServiceProcess {
  const found = services.get(name);
  if (!found) throw new Error(`there is no ${name}`);
  return found;
}

beforeAll(async () => {
  const folders = execFileSync(process.execPath, ['tools/build.mjs'], { cwd: ROOT, encoding: 'utf8' });
  expect(folders).toContain('0 errors');
  database = await createTestDatabase();
  collector = await TraceReceiver.start();
  const traces = { OTEL_EXPORTER_OTLP_ENDPOINT: collector.endpoint, OTEL_BSP_SCHEDULE_DELAY: '50' };
  const ports = await freePorts(SERVICES.length);
  const SEGMENTS_URL = `http://127.0.0.1:${String(ports[0])}`;
  SERVICES.forEach((name, i) => {
    const env = { DATABASE_URL: database.connectionString, SEGMENTS_URL, ...keys, ...traces };
    services.set(name, new ServiceProcess(name, ports[i] ?? 0, env));
  });
  proxy = await startReverseProxy(new Map(PREFIXES.map(([prefix, name]) => [prefix, service(name).port])));
}, 2 * MINUTE);
afterAll(async () => {
  await Promise.all([...services.values()].map((each) => each.end('SIGKILL')));
  await proxy.close();
  await collector.close();
  await database.drop();
});

type Headings = Readonly<Record<string, string>>;

interface Reply {
  readonly status: number;
  readonly body: Record<string, unknown>;
}

async function send(method: string, path: string, body?: object | string, headers?: Headings): Promise<Reply> {
  const response = await fetch(`${proxy.url}/api/v1${path}`, {
    method,
    headers: {
      authorization: `Bearer ${keys.ADMIN_API_KEY}`,
      ...headers,
      ...(body !== undefined && { 'content-type': typeof body === 'string' ? 'text/csv' : 'application/json' }),
    },
    ...(body !== undefined && { body: typeof body === 'string' ? body : JSON.stringify(body) }),
  });
  const text = await response.text();
  return { status: response.status, body: text === '' ? {} : (JSON.parse(text) as Record<string, unknown>) };
}

async function done(
  method: string,
  path: string,
  body?: object | string,
  headers?: Headings,
): Promise<Record<string, unknown>> {
  const reply = await send(method, path, body, headers);
  if (reply.status >= 300) throw new Error(`${method} ${path}: ${String(reply.status)} ${JSON.stringify(reply.body)}`);
  return reply.body;
}

async function until(path: string, expected: Record<string, unknown>): Promise<void> {
  const deadline = Date.now() + MINUTE;
  for (;;) {
    const { body } = await send('GET', path).catch(() => ({ body: {} }));
    const seen: unknown = Object.fromEntries(
      Object.keys(expected).map((name) => [name, (body as typeof expected)[name]]),
    );
    if (JSON.stringify(seen) === JSON.stringify(expected)) return;
    if (Date.now() > deadline) throw new Error(`${path} stays ${JSON.stringify(body).slice(0, 2_000)}`);
    await sleep(50);
  }
}

interface Member {
  readonly externalId: string;
  readonly group: string;
  readonly stratum: { readonly label: string };
}

async function members(campaignId: string): Promise<Member[]> {
  const all: Member[] = [];
  for (let cursor = ''; ;) {
    const page = await done('GET', `/insights/audiences/${campaignId}/members?limit=1000${cursor}`);
    const { items, nextCursor } = page as { items: Member[]; nextCursor: string | null };
    all.push(...items);
    if (nextCursor === null) return all;
    cursor = `&cursor=${nextCursor}`;
  }
}

describe('four services, each in a process of its own', () => {
  let databaseId: string;
  let segmentId: string;
  let campaignId: string;
  let built: Member[];
  /** Of the activation. */
  const traceId = randomBytes(16).toString('hex');

  it(
    'start in any order, and say what they wait for',
    async () => {
      service('insights').start();
      const waiting = await service('insights').healthOf(({ reasons }) =>
        reasons.some((text) => text.includes('published')),
      );
      expect(waiting.status).toBe('unavailable');
      service('campaigns').start({ LOG_LEVEL: 'info' });
      const degraded = await service('campaigns').healthOf(({ status }) => status === 'degraded');
      expect(degraded.reasons).toEqual([expect.stringMatching(/^the segments service at .* does not answer$/)]);
      service('audiences').start({ MUSTER_CRASH_AT: 'build.after-plan' });
      service('segments').start();
      for (const name of SERVICES) await service(name).healthOf(({ status }) => status === 'ready');
    },
    2 * MINUTE,
  );

  it(
    'take profiles in, select some of them, and plan a campaign for these',
    async () => {
      const fields = [
        { name: 'age', type: 'integer' },
        { name: 'tier', type: 'string' },
      ];
      databaseId = String((await done('POST', '/profile-databases', { name: 'People', fields }))['databaseId']);
      const csv = ['externalId,age,tier', ...people.map(({ id, age, tier }) => `${id},${String(age)},${tier}`)].join(
        '\n',
      );
      const path = `/profile-databases/${databaseId}/imports?externalId=externalId`;
      const { importId } = await done('POST', path, csv);
      await until(`/imports/${String(importId)}`, { state: 'completed' });
      const condition = { field: 'age', op: 'lt', value: AGE_LIMIT };
      const segment = { databaseId, name: 'Under sixty', kind: 'static', condition, fill: true };
      segmentId = String((await done('POST', '/segments', segment))['segmentId']);
      await until(`/segments/${segmentId}`, { count: selected.length });
      const buckets = TIERS.map((tier) => ({ label: tier, values: [tier] }));
      const stratification = { fields: [{ field: 'tier', buckets }] };
      const campaign = { name: 'Spring', databaseId, segmentId, lcg: { percent: 15 }, stratification };
      campaignId = String((await done('POST', '/campaigns', campaign))['campaignId']);
      await done('POST', `/campaigns/${campaignId}/activities`, { kind: 'broadcast', name: 'Mail' });
    },
    2 * MINUTE,
  );

  it(
    'finish a build in whose middle audiences was killed',
    async () => {
      const traceparent = `00-${traceId}-${randomBytes(8).toString('hex')}-01`;
      await done('POST', `/campaigns/${campaignId}/activation`, undefined, { traceparent });
      expect(await service('audiences').ended()).toBe('SIGKILL');
      expect((await done('GET', `/campaigns/${campaignId}`))['status']).toBe('audience_building');
      service('audiences').start();
      await until(`/campaigns/${campaignId}`, { status: 'active' });
      await until(`/insights/audiences/${campaignId}`, { members: selected.length });
      built = await members(campaignId);
      expect(built.map(({ externalId }) => externalId).sort()).toEqual([...selected].sort());
      for (const tier of TIERS) {
        const stratum = built.filter(({ stratum: { label } }) => label === tier);
        const control = stratum.filter(({ group }) => group === 'control').length;
        expect(stratum.length).toBe(people.filter((one) => one.age < AGE_LIMIT && one.tier === tier).length);
        expect([Math.floor(stratum.length * 0.15), Math.ceil(stratum.length * 0.15)]).toContain(control);
      }
    },
    2 * MINUTE,
  );

  it('tell that activation as one trace, whoever did what and was killed meanwhile', async () => {
    const work = 'work audiences.CampaignActivated';
    const names = [work, 'consume campaigns.audience-progress', 'project insights.audiences'];
    const spans = await traceWith(() => collector.spans, traceId, names);
    expect(wayUp(spans, work)).toEqual([
      work,
      'append campaign',
      'command campaign.ActivateCampaign',
      'POST /api/v1/campaigns/:campaignId/activation',
    ]);
    // What the killed process had in hand is told by those that it called, and not by itself.
    expect(wayUp(spans, 'GET /api/v1/internal/segments-api/segments/:segmentId/membership')).toEqual([
      'GET /api/v1/internal/segments-api/segments/:segmentId/membership',
      'GET segments/*/membership',
    ]);
    // The way from a log to the trace: each line that was written within it names it.
    const lines = service('campaigns')
      .said.split('\n')
      .filter((line) => line.includes(traceId));
    expect(lines.map((line) => JSON.parse(line) as object)).toContainEqual(
      expect.objectContaining({ traceId, correlationId: expect.any(String), msg: 'request completed' }),
    );
    const services = new Set(spans.map(({ service: name }) => name));
    expect(services).toEqual(new Set(SERVICES.map((name) => `muster-${name}`)));
  });

  it(
    'lose nothing when segments is killed, and say so while it is away',
    async () => {
      const away = built.slice(0, 7).map(({ externalId }) => externalId);
      await done('POST', `/segments/${segmentId}/members`, { remove: away });
      const { campaignId: second } = await done('POST', '/campaigns', { name: 'Summer', databaseId, segmentId });
      await done('POST', `/campaigns/${String(second)}/activities`, { kind: 'broadcast', name: 'Mail' });
      await service('segments').end('SIGKILL');
      await done('POST', `/campaigns/${String(second)}/activation`);
      expect(await send('POST', '/campaigns', { name: 'Autumn', databaseId, segmentId })).toMatchObject({
        status: 503,
        body: { code: 'DEPENDENCY_UNAVAILABLE' },
      });
      await until(`/insights/audiences/${campaignId}`, { members: selected.length - away.length });
      service('segments').start();
      await service('segments').healthOf(({ status }) => status === 'ready');
      await service('campaigns').healthOf(({ status }) => status === 'ready');
      await until(`/segments/${segmentId}`, { count: selected.length - away.length });
      await until(`/campaigns/${String(second)}`, { status: 'active' });
      await until(`/insights/audiences/${String(second)}`, { members: selected.length - away.length });
      expect(await members(campaignId)).toEqual(built.filter(({ externalId }) => !away.includes(externalId)));
      await done('POST', `/segments/${segmentId}/members`, { add: away });
      await until(`/insights/audiences/${campaignId}`, { members: selected.length });
    },
    2 * MINUTE,
  );

  it(
    'take a key that one of them issued, and refuse it when it is revoked',
    async () => {
      const issued = await done('POST', '/api-keys', { name: 'analyst', roles: ['analyst'] });
      const { keyId, key: token } = issued as { keyId: string; key: string };
      const status = async (): Promise<number> => {
        const headers = { authorization: `Bearer ${token}` };
        return (await fetch(`${proxy.url}/api/v1/campaigns/${campaignId}`, { headers })).status;
      };
      expect(await status()).toBe(200);
      await done('DELETE', `/api-keys/${keyId}`);
      for (let tries = 0; tries < 100 && (await status()) === 200; tries++) await sleep(50);
      expect(await status()).toBe(401);
    },
    MINUTE,
  );

  it(
    'complete the campaign, and stop when they are asked to',
    async () => {
      await done('POST', `/campaigns/${campaignId}/completion`);
      await until(`/campaigns/${campaignId}`, { status: 'completed' });
      await until(`/insights/audiences/${campaignId}`, { members: 0 });
      expect(await Promise.all(SERVICES.map((name) => service(name).end('SIGTERM')))).toEqual([0, 0, 0, 0]);
    },
    2 * MINUTE,
  );
});
