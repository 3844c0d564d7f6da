import { until, type ImportState } from '../client';
import { Dice } from '../oracle/history';
import type { MortalMuster } from './mortal-muster';

/** More than two batches of an import. */
const ROWS = 26_000;
const CITIES = ['Oslo', 'Bergen', 'Narvik', 'Tromso'];
const WAIT = { timeoutMs: 120_000, everyMs: 30 };

interface Stratum {
  readonly hash: string;
  readonly assigned: number;
  readonly control: number;
}

interface Member {
  readonly externalId: string;
  readonly group: string;
}

/** What came of it all: equal for two runs that nobody can tell apart. */
export interface Outcome {
  readonly rows: ImportState['rows'];
  readonly segment: readonly string[];
  /** After the first build, after a change of the segment, and after the second build. */
  readonly strata: readonly (readonly (readonly [string, number, number])[])[];
  /** External id and group; who is control follows from numbers and seeds. */
  readonly groups: readonly (readonly [string, string])[][];
  /** Profile numbers are gone that were reserved when the process died: others have others then. */
  readonly numbers: readonly number[];
  readonly statuses: readonly string[];
  readonly campaignId: string;
  readonly segmentId: string;
  /** From the death of the process until it had caught up with the run it died in, in milliseconds; 0 without one. */
  readonly recoveryMs: number;
  /** From the first call to the end of the campaign, in milliseconds. */
  readonly lifeMs: number;
}

/** A campaign from the file to its end, in calls that are made again whenever there was no answer. */
export async function campaignLife(muster: MortalMuster, killAfterMs: number | null = null): Promise<Outcome> {
  const started = Date.now();
  const plug = killAfterMs === null ? undefined : setTimeout(() => muster.kill(), killAfterMs);
  let recoveryMs = 0;
  /** Whatever was waited for: the first thing that is there after a death tells how long that took. */
  const there = async <T>(path: string, done: (value: T) => boolean): Promise<T> => {
    const value = await until(() => muster.get<T>(path), done, WAIT);
    if (muster.died && recoveryMs === 0) recoveryMs = Date.now() - muster.diedAt;
    return value;
  };
  const create = async (path: string, key: string, body: object | string) =>
    (await muster.command('POST', path, key, body)).json<Record<string, string>>();
  const id = (answer: Record<string, string>, name: string): string => answer[name] ?? '';

  const fields = [
    { name: 'age', type: 'integer' },
    { name: 'city', type: 'string' },
  ];
  const databaseId = id(await create('/profile-databases', 'database', { name: 'People', fields }), 'databaseId');
  const importId = id(await create(`/profile-databases/${databaseId}/imports`, 'file', file()), 'importId');
  const imported = await there<ImportState>(`/imports/${importId}`, ({ state }) => state === 'completed');

  const condition = { field: 'age', op: 'lt', value: 3 };
  const segment = { databaseId, name: 'Young', kind: 'static', condition, fill: true };
  const created = await create('/segments', 'segment', segment);
  const segmentId = id(created, 'segmentId');
  await there<{ calculated: boolean; run: unknown }>(
    `/segments/${segmentId}`,
    ({ calculated, run }) => calculated && run === null,
  );

  const campaignId = id(
    await create('/campaigns', 'campaign', {
      name: 'Spring',
      databaseId,
      segmentId,
      lcg: { percent: 15 },
      stratification: byCity(CITIES.slice(0, 3)),
    }),
    'campaignId',
  );
  await create(`/campaigns/${campaignId}/activities`, 'activity', { kind: 'broadcast', name: 'Mail' });
  const statuses: string[] = [];
  const campaign = async (status: string): Promise<void> => {
    const { status: reached } = await there<{ status: string }>(
      `/campaigns/${campaignId}`,
      (each) => each.status === status,
    );
    statuses.push(reached);
  };
  const settled = async (): Promise<void> => {
    const { count } = await muster.get<{ count: number }>(`/segments/${segmentId}`);
    await there<{ members: number }>(`/insights/audiences/${campaignId}`, ({ members }) => members === count);
  };
  const strata: Outcome['strata'][number][] = [];
  const groups: Outcome['groups'][number][] = [];
  let numbers: number[] = [];
  const look = async (): Promise<void> => {
    const audience = await muster.get<{ strata: Stratum[] }>(`/insights/audiences/${campaignId}`);
    strata.push(audience.strata.map(({ hash, assigned, control }) => [hash, assigned, control]));
    const members = await muster.all<Member & { profileNumber: number }>(`/insights/audiences/${campaignId}/members`);
    groups.push(members.map(({ externalId, group }): [string, string] => [externalId, group]).sort());
    numbers = members.map(({ profileNumber }) => profileNumber);
  };

  await muster.command('POST', `/campaigns/${campaignId}/activation`, 'activation');
  await campaign('active');
  await settled();
  await look();

  const ids = groups[0]?.map(([externalId]) => externalId) ?? [];
  const change = { remove: ids.slice(0, 60), add: Array.from({ length: 150 }, (_, i) => `grown-${String(i)}`) };
  await muster.command('POST', `/segments/${segmentId}/members`, 'change', change);
  await settled();
  await look();

  await muster.command('POST', `/campaigns/${campaignId}/deactivation`, 'deactivation');
  await campaign('inactive');
  await until(
    () => muster.get<{ status: string }>(`/audiences/${campaignId}`),
    ({ status }) => status === 'paused',
    WAIT,
  );
  await muster.command('PUT', `/campaigns/${campaignId}/stratification`, 'strata', byCity(CITIES));
  const back = { add: ids.slice(0, 60), remove: ids.slice(60, 90) };
  await muster.command('POST', `/segments/${segmentId}/members`, 'back', back);
  await muster.command('POST', `/campaigns/${campaignId}/activation`, 'again');
  await campaign('active');
  await settled();
  await look();

  await muster.command('POST', `/campaigns/${campaignId}/completion`, 'completion');
  await campaign('completed');
  await there<{ members: number }>(`/insights/audiences/${campaignId}`, ({ members }) => members === 0);
  clearTimeout(plug);
  const lifeMs = Date.now() - started;
  const held = await muster.all<{ externalId: string }>(`/segments/${segmentId}/members`);
  return {
    rows: imported.rows,
    segment: held.map(({ externalId }) => externalId).sort(),
    strata,
    groups,
    numbers,
    statuses,
    campaignId,
    segmentId,
    recoveryMs,
    lifeMs,
  };
}

function byCity(cities: readonly string[]): object {
  return { fields: [{ field: 'city', buckets: cities.map((city) => ({ values: [city] })) }] };
}

/** Every hundredth row is a bad one. */
function file(): string {
  const dice = new Dice(7);
  const rows = Array.from({ length: ROWS }, (_, i) => {
    const age = i % 100 === 99 ? 'old' : String(dice.below(60));
    return `c-${String(i)},${age},${dice.pick(CITIES)}`;
  });
  const grown = Array.from({ length: 150 }, (_, i) => `grown-${String(i)},70,${dice.pick(CITIES)}`);
  return ['externalId,age,city', ...grown, ...rows].join('\n');
}
