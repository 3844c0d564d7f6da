import { AccessModule, BootstrapKeys } from '@muster/access-service';
import { build } from '@muster/assignment';
import type { EventStore, EventToAppend } from '@muster/event-store';
import { InsightsModule } from '@muster/insights-service';
import { SYSTEM } from '@muster/kernel';
import { createHttpApp, EVENT_STORE, formatKey, PlatformModule, projectionsToken } from '@muster/platform';
import { createPool } from '@muster/postgres';
import { blockOf, encodeCodes, ProfileSet } from '@muster/profile-set';
import type { Projections } from '@muster/projections';
import { Module } from '@nestjs/common';
import { randomBytes, randomUUID } from 'node:crypto';
import type { Figure } from './figure';
import { median, timed } from './rounds';

type App = Awaited<ReturnType<typeof createHttpApp>>;

const STRATA = 12;
const SEED = '000102030405060708090a0b0c0d0e0f';
const ROUNDS = 5;

@Module({})
class InsightsAlone {}

interface Planned {
  readonly campaignId: string;
  /** Everything before the closing event. */
  readonly plan: readonly EventToAppend[];
  readonly closing: EventToAppend;
}

/**
 * What analysts wait for, over an audience of `size` members in 12 strata, 15 % control: from the closing event of its
 * build to the audience being queryable, then queries by HTTP in process. `databaseUrl` names an empty database.
 */
export async function benchInsights(databaseUrl: string, size = 1_000_000): Promise<Figure[]> {
  const app = await createHttpApp({
    module: InsightsAlone,
    imports: [PlatformModule.forRoot({ databaseUrl, logLevel: 'silent' }), AccessModule, InsightsModule],
  });
  try {
    const databaseId = await publishProfiles(databaseUrl, size);
    const token = formatKey(randomUUID(), randomBytes(32).toString('base64url'));
    await app.get(BootstrapKeys).ensureBootstrapKey({ token, name: 'bench', roles: ['admin'] });
    const [whole, closing]: [number[], number[]] = [[], []];
    let campaignId = '';
    for (let round = 0; round < ROUNDS; round++) {
      const planned = planOf(databaseId, size);
      campaignId = planned.campaignId;
      whole.push(await timed(async () => closing.push(await project(app, planned))));
    }
    const path = `/api/v1/insights/audiences/${campaignId}`;
    const query = async (name: string, target: string): Promise<Figure> => {
      const read = (): Promise<number> => timed(() => get(app, target, token));
      await read();
      const rounds = [];
      for (let round = 0; round < 4 * ROUNDS; round++) rounds.push(await read());
      return { name, unit: 'ms', value: median(rounds) };
    };
    return [
      { name: 'insights: appending and projecting a build', unit: 'ms', value: median(whole) },
      {
        name: 'insights: from the end of a build to queryable',
        unit: 'ms',
        value: median(closing),
        must: 150,
        aim: 100,
      },
      await query('insights: counts by stratum', path),
      await query('insights: page of 50 members', `${path}/members?limit=50`),
      await query('insights: page of 50 control members', `${path}/members?limit=50&group=control`),
      await query(
        `insights: history of a profile of ${String(ROUNDS)} such campaigns`,
        `/api/v1/insights/profiles/${databaseId}/p${String(size >> 1)}/history`,
      ),
    ];
  } finally {
    await app.close();
  }
}

/** Milliseconds from the append of the closing event. */
async function project(app: App, { campaignId, plan, closing }: Planned): Promise<number> {
  const store = app.get<EventStore>(EVENT_STORE);
  const projections = app.get<Projections>(projectionsToken('insights'));
  const reached = async (events: readonly EventToAppend[]): Promise<void> => {
    const { position } = await store.append(`audience-${campaignId}`, 'any', events);
    if (!(await projections.waitFor('audiences', position, 60_000))) throw new Error('not projected in time');
  };
  for (let at = 0; at < plan.length; at += 8) {
    if (at + 8 < plan.length) await store.append(`audience-${campaignId}`, 'any', plan.slice(at, at + 8));
    else await reached(plan.slice(at));
  }
  return timed(() => reached([closing]));
}

async function get(app: App, url: string, token: string): Promise<void> {
  const response = await app.inject({ method: 'GET', url, headers: { authorization: `Bearer ${token}` } });
  if (response.statusCode !== 200) throw new Error(`GET ${url}: ${response.body}`);
}

/** In the place of `segments`: a view of as many profiles. */
async function publishProfiles(databaseUrl: string, size: number): Promise<string> {
  const databaseId = randomUUID();
  const pool = createPool({ connectionString: databaseUrl, max: 1 });
  try {
    await pool.query(`
      CREATE TABLE segments.published_database (database_id uuid, name text, profile_view text, fields jsonb);
      CREATE TABLE segments.published_stratum
        (stratification_hash text, code int, stratum_hash text, label text, fields jsonb);
      CREATE TABLE segments.published_attribute_change
        (database_id uuid, profile_no int, at timestamptz, field text, old jsonb, new jsonb, source text);
      CREATE TABLE segments.profiles_v1_1 AS
        SELECT n AS profile_no, 'p' || n AS external_id, n % 90 AS age, 'city ' || n % 500 AS city
        FROM generate_series(1, ${String(size)}) n;
      CREATE UNIQUE INDEX ON segments.profiles_v1_1 (profile_no);
      CREATE UNIQUE INDEX ON segments.profiles_v1_1 (external_id);
      GRANT USAGE ON SCHEMA segments TO muster_insights;
      GRANT SELECT ON ALL TABLES IN SCHEMA segments TO muster_insights;
    `);
    await pool.query('VACUUM ANALYZE segments.profiles_v1_1');
    const fields = JSON.stringify([
      { name: 'age', type: 'integer' },
      { name: 'city', type: 'string' },
    ]);
    const row = [databaseId, 'People', 'segments.profiles_v1_1', fields];
    await pool.query('INSERT INTO segments.published_database VALUES ($1, $2, $3, $4)', row);
  } finally {
    await pool.end();
  }
  return databaseId;
}

/** A first build, as the audiences service records it. */
function planOf(databaseId: string, size: number): Planned {
  const [campaignId, buildId, runId] = [randomUUID(), randomUUID(), randomUUID()];
  const strata = Array.from({ length: STRATA }, (_, i) => i.toString(16).padStart(16, '0'));
  const stratification = { hash: 'ab'.repeat(32), strata };
  const lcg = { basisPoints: 1500, count: null };
  const members = Uint32Array.from({ length: size }, (_, i) => i + 1);
  const codes = Uint16Array.from(members, (n) => (Math.imul(n, 0x9e3779b1) >>> 8) % STRATA);
  const share = { kind: 'percent', basisPoints: 1500 } as const;
  const assigned = build({ seed: SEED, epoch: 1, strataHashes: strata, share, members, codes });
  const [everyone, control] = [ProfileSet.fromSorted(members), ProfileSet.fromSorted(assigned.control)];
  const run = { campaignId, buildId, runId };
  const blocks = everyone.blocks();
  const nobody = ProfileSet.empty().encodeBase64();
  const plans = blocks.map((block) => {
    const newcomers = everyone.block(block);
    const own = codes.subarray(everyone.rank(newcomers.minimum!), everyone.rank(newcomers.minimum!) + newcomers.size);
    const encoded = Buffer.from(encodeCodes(own)).toString('base64');
    const entering = { newcomers: newcomers.encodeBase64(), count: newcomers.size, codes: encoded };
    const leaving = { leavers: nobody, leaverCount: 0, leaverControlCount: 0 };
    return event('BuildPlanned', { ...run, block, ...entering, ...leaving });
  });
  const labels = blocks.map((block) => {
    const part = control.block(block);
    const counts = assigned.counts.map((_, code) => ({ code, n: 0, c: 0 }));
    everyone
      .block(block)
      .toArray()
      .forEach((n) => counts[codes[n - 1]!]!.n++);
    part.toArray().forEach((n) => counts[codes[n - 1]!]!.c++);
    const labelled = { control: part.encodeBase64(), controlCount: part.size, strata: counts };
    return event('BuildLabelled', { ...run, epoch: 1, block, ...labelled });
  });
  const started = { ...run, databaseId, segmentId: randomUUID(), segmentRevision: 0, lcg, stratification };
  const opened = { campaignId, epoch: 1, seed: SEED, algorithm: 'muster-1', lcg, stratification };
  const totals = { entered: size, left: 0, members: size, control: control.size };
  const counts = assigned.counts.map(({ n, c }, code) => ({ code, n, c }));
  if (blocks.at(-1) !== blockOf(size)) throw new Error('the plan is not complete');
  return {
    campaignId,
    plan: [event('AudienceBuildStarted', started), ...plans, event('EpochOpened', opened), ...labels],
    closing: event('AudienceBuilt', { ...run, databaseId, epoch: 1, blocks, ...totals, strata: counts }),
  };
}

function event(type: string, data: unknown): EventToAppend {
  const metadata = { v: 1, time: new Date().toISOString(), actor: SYSTEM, correlationId: randomUUID() };
  return { id: randomUUID(), type, data, metadata };
}
