import { createHash } from 'node:crypto';
import { BANK_FIELDS, EDUCATION, generatedBank, MARITAL, realBank, sharedData, type BankFile } from '../bank';
import { until, type Client } from '../client';
import { FollowedAudience } from '../followed-audience';
import { withForm, type Form } from './form';

const SHARE = 0.15;
const MINUTE = 60_000;

jest.setTimeout(2 * MINUTE);

interface Member {
  readonly profileNumber: number;
  readonly externalId: string;
  readonly group: 'test' | 'control';
  readonly stratum: { readonly hash: string; readonly label: string };
  readonly epoch: number;
  readonly cause: string;
  readonly attributes: { readonly marital: string; readonly education: string };
}

interface Audience {
  readonly status: string;
  readonly members: number;
  readonly test: number;
  readonly control: number;
  readonly strata: readonly {
    readonly label: string;
    readonly hash: string;
    readonly assigned: number;
    readonly control: number;
    readonly presentTest: number;
    readonly presentControl: number;
  }[];
}

interface HistoryItem {
  readonly kind: string;
  readonly cause?: string;
  readonly group?: string;
  readonly reason?: {
    readonly group: string;
    readonly share: { readonly percent: number | null };
    readonly draw?: { readonly rank: number; readonly of: number; readonly drawn: number };
  };
  readonly sentence: string;
}

interface Build {
  readonly state: string;
  readonly members: number | null;
  readonly control: number | null;
}

/**
 * Of the audiences of both files with the seeds of `seeds.cjs`: every form of Muster makes the same of the same input.
 * They change with the method of assignment, and with nothing else.
 */
const FINGERPRINTS: Readonly<Record<string, string>> = {
  generated: 'a8ee837af2a9d58956cb5bf1d3f27c0fe834d5732d2240f75e950e2bf32fb0e9',
  real: '792a809eef5ea628f7aeedc131a7fae7e99a7db59ce46b6228df7487c5507d95',
};

let form: Form;
let client: Client;

const describeForm = withForm((started) => {
  form = started;
  ({ client } = started);
});

const selection = {
  condition: {
    all: [
      { field: 'age', op: 'between', value: { from: 25, to: 60 } },
      { field: 'balance', op: 'gt', value: 0 },
      { field: 'in_default', op: 'eq', value: false },
    ],
  },
};

const buckets = (values: readonly string[]): object[] => values.map((value) => ({ label: value, values: [value] }));

/** The main job from an empty database to a completed campaign. Each test goes on where the one before it ended. */
function mainWay(bankOf: () => BankFile): void {
  let bank: BankFile;
  let expected: readonly string[];
  let databaseId: string;
  let segmentId: string;
  let campaignId: string;
  let before: Member[];
  let built: Date;
  let removed: readonly string[];
  let followed: FollowedAudience;

  const audience = (query = ''): Promise<Audience> => client.get<Audience>(`/insights/audiences/${campaignId}${query}`);
  const members = (query = ''): Promise<Member[]> =>
    client.all<Member>(`/insights/audiences/${campaignId}/members${query}`);
  const groupsOf = (some: readonly Member[]): Map<number, string> =>
    new Map(some.map(({ profileNumber, group }) => [profileNumber, group]));
  const history = async (externalId: string): Promise<readonly HistoryItem[]> =>
    (await client.get<{ items: HistoryItem[] }>(`/insights/profiles/${databaseId}/${externalId}/history`)).items;

  beforeAll(() => {
    bank = bankOf();
    expected = [...bank.selected.values()].flat().sort();
  });

  it('takes every row of the file, and changes nothing when it comes again', async () => {
    const database = { name: `Bank (${bank.name})`, fields: BANK_FIELDS };
    ({ databaseId } = await client.post<{ databaseId: string }>('/profile-databases', database));
    const send = () => client.import(databaseId, bank.file, bank.query, { 'content-type': bank.contentType });
    const first = await send();
    expect(first).toMatchObject({ state: 'completed', rows: { read: bank.rows, inserted: bank.rows, rejected: 0 } });
    const again = await send();
    expect(again).toMatchObject({ state: 'completed', rows: { read: bank.rows, unchanged: bank.rows, rejected: 0 } });
  });

  it('previews whom a static segment then holds', async () => {
    const preview = await client.post<{ count: number }>('/segments/preview', { databaseId, ...selection });
    expect(preview.count).toBe(expected.length);
    const body = { databaseId, name: 'In credit', kind: 'static', ...selection, fill: true };
    const created = await client.post<{ segmentId: string; runId: string }>('/segments', body);
    ({ segmentId } = created);
    const runs = await client.watch<{ state: string; found: number }>(
      `/segments/${segmentId}/runs/${created.runId}/events`,
    );
    expect(runs.at(-1)).toMatchObject({ state: 'completed', found: expected.length });
    const held = await client.all<{ externalId: string }>(`/segments/${segmentId}/members`);
    expect(held.map(({ externalId }) => externalId).sort()).toEqual(expected);
  });

  it('makes no audience before its campaign has an activity', async () => {
    const campaign = {
      name: 'Spring offers',
      databaseId,
      segmentId,
      lcg: { percent: SHARE * 100 },
      stratification: {
        fields: [
          { field: 'marital', buckets: buckets(MARITAL) },
          { field: 'education', buckets: buckets(EDUCATION) },
        ],
      },
    };
    ({ campaignId } = await client.post<{ campaignId: string }>('/campaigns', campaign));
    const refused = await client.send('POST', `/campaigns/${campaignId}/activation`);
    expect([refused.status, refused.json()['code']]).toEqual([409, 'CAMPAIGN_HAS_NO_ACTIVITY']);
  });

  it('builds the audience while somebody watches', async () => {
    await client.post(`/campaigns/${campaignId}/activities`, { kind: 'broadcast', name: 'Spring mail' });
    followed = await FollowedAudience.begin(client, campaignId);
    const reply = await client.send('POST', `/campaigns/${campaignId}/activation`);
    expect(reply.status).toBe(202);
    const location = (reply.headers.get('location') ?? '').replace('/api/v1', '');
    await until(
      () => client.send('GET', location),
      ({ status }) => status === 200,
    );
    const builds = await client.watch<Build>(`${location}/events`);
    expect(builds.at(-1)).toMatchObject({ state: 'built', members: expected.length });
    const status = async () => (await client.get<{ status: string }>(`/campaigns/${campaignId}`)).status;
    await until(status, (value) => value === 'active');
    built = new Date();
  });

  it('holds exactly the segment, and in each stratum the share of control, rounded', async () => {
    await until(audience, ({ members: count }) => count === expected.length);
    before = await members();
    expect(before.map(({ externalId }) => externalId).sort()).toEqual(expected);
    const { strata, control, test } = await audience();
    expect(strata.filter(({ assigned }) => assigned > 0)).toHaveLength(bank.selected.size);
    for (const { label, hash, assigned, control: drawn, presentControl, presentTest } of strata) {
      const [sample] = before.filter(({ stratum }) => stratum.hash === hash);
      const fields = sample ? `${sample.attributes.marital} x ${sample.attributes.education}` : label;
      const size = (bank.selected.get(fields) ?? bank.selected.get('residual') ?? []).length;
      expect([label, assigned]).toEqual([label, size]);
      expect([Math.floor(size * SHARE), Math.ceil(size * SHARE)]).toContain(drawn);
      expect([presentTest, presentControl]).toEqual([assigned - drawn, drawn]);
      const counted = before.filter(({ stratum, group }) => stratum.hash === hash && group === 'control');
      expect(counted).toHaveLength(drawn);
    }
    expect(Math.abs(control - SHARE * expected.length)).toBeLessThan(1);
    expect(control + test).toBe(expected.length);
  });

  it('is told to who reads the feed over HTTP, from an empty snapshot on', async () => {
    await followed.goOn();
    expect(followed.groups).toEqual(groupsOf(before));
  });

  it('is the same audience in every form of Muster', () => {
    const told = before.map(({ externalId, stratum, group }) => `${externalId} ${stratum.hash} ${group}`);
    const fingerprint = createHash('sha256').update(told.sort().join('\n')).digest('hex');
    if (form.seeded) expect(fingerprint).toBe(FINGERPRINTS[bank.name]);
    else expect(fingerprint).toMatch(/^[0-9a-f]{64}$/);
  });

  it('can be paged through by group and stratum', async () => {
    const control = before.filter(({ group }) => group === 'control');
    const paged = await client.all<Member>(`/insights/audiences/${campaignId}/members?group=control`, 97);
    expect(paged).toEqual(control);
    const stratum = before[0]?.stratum.hash ?? '';
    const inStratum = await members(`?stratum=${stratum}&group=test`);
    expect(inStratum).toEqual(before.filter((each) => each.group === 'test' && each.stratum.hash === stratum));
  });

  it('says of a profile why it is in its group', async () => {
    for (const group of ['test', 'control'] as const) {
      const { externalId } = before.find((each) => each.group === group) ?? { externalId: '' };
      const [latest, earlier] = await history(externalId);
      expect(earlier).toMatchObject({ kind: 'entered_segment', cause: 'conditions' });
      expect(latest).toMatchObject({ kind: 'entered_campaign', cause: 'build', group });
      const { draw, share } = latest?.reason ?? {};
      expect(share?.percent).toBe(15);
      expect(draw && draw.rank <= draw.drawn).toBe(group === 'control');
    }
  });

  it('lets profiles leave that leave the segment, and moves nobody else', async () => {
    removed = [0, 1, 2, 3, 4].flatMap((i) => before[i * 7]?.externalId ?? []);
    await client.post(`/segments/${segmentId}/members`, { remove: removed });
    await until(audience, ({ members: count }) => count === expected.length - removed.length);
    const stayed = before.filter(({ externalId }) => !removed.includes(externalId));
    expect(await members()).toEqual(stayed);
    const [latest] = await history(removed[0] ?? '');
    expect(latest).toMatchObject({ kind: 'left_campaign', cause: 'segment' });
    await followed.goOn();
    expect(followed.groups).toEqual(groupsOf(stayed));
    expect((await FollowedAudience.begin(client, campaignId)).groups).toEqual(followed.groups);
  });

  it('is empty once the campaign is completed, and nothing starts it again', async () => {
    await client.post(`/campaigns/${campaignId}/completion`);
    const status = async () => (await client.get<{ status: string }>(`/campaigns/${campaignId}`)).status;
    await until(status, (value) => value === 'completed');
    await until(audience, ({ members: count }) => count === 0);
    expect(await members()).toEqual([]);
    const refused = await client.send('POST', `/campaigns/${campaignId}/activation`);
    expect([refused.status, refused.json()['code']]).toEqual([409, 'CAMPAIGN_STATUS_CONFLICT']);
  });

  it('is told of as it was before', async () => {
    const asOf = `?asOf=${encodeURIComponent(built.toISOString())}`;
    expect(await members(asOf)).toEqual(before);
    expect(await audience(asOf)).toMatchObject({ status: 'active', members: expected.length });
  });
}

describeForm('the main way from a file to a completed campaign, with generated customers', () => {
  mainWay(() => generatedBank(5_000));
});

const folder = sharedData();
describeForm(
  'the main way from a file to a completed campaign, with 45,211 real customers',
  () => mainWay(() => realBank(folder ?? '')),
  folder === undefined ? 'no uci_bank_full.csv.gz in MUSTER_SHARED_DATA or ../shared/data' : '',
);
