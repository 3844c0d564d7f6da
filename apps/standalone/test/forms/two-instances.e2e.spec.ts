import { describeIf } from '@muster/embedded/testing';
import { until, type Client } from '../client';
import { Apart } from './apart';
import { formForTests, formApart } from './form-names';
import type { ServiceProcess } from './service-process';

const MINUTE = 60_000;
const WAIT = { timeoutMs: 2 * MINUTE, everyMs: 50 };
const PEOPLE = 600;
const CAMPAIGNS = 8;

jest.setTimeout(4 * MINUTE);

const form = formApart();
const { available, reason } = formForTests();

interface Counts {
  readonly members: number;
}

describeIf(available, reason)(`a second instance of audiences (${form})`, () => {
  let apart: Apart;
  let client: Client;
  let twin: ServiceProcess;
  let databaseId: string;
  let segmentId: string;
  let campaignIds: string[];

  beforeAll(async () => {
    apart = await Apart.prepare(form);
    ({ client } = apart);
    twin = await apart.another('audiences');
    await apart.start();
    ({ databaseId, segmentId } = await population(client));
    campaignIds = [];
    for (let i = 0; i < CAMPAIGNS; i++) campaignIds.push(await campaign(client, databaseId, segmentId, i));
  });
  afterAll(() => apart.close());

  const counts = (id: string): Promise<Counts> => client.get<Counts>(`/insights/audiences/${id}`);
  const commands = async (instance: ServiceProcess): Promise<number> => {
    const figures = await instance.figures(apart.adminKey);
    return [...figures.matchAll(/^muster_commands_total\{category="audience",outcome="appended"\} (\d+)/gm)].reduce(
      (sum, [, count]) => sum + Number(count),
      0,
    );
  };

  it('takes its share of the campaigns', async () => {
    for (const id of campaignIds) await client.post(`/campaigns/${id}/activation`);
    await everywhere(PEOPLE);
    // Who has little to do leaves nothing to the other: there is work for as long as it takes.
    const shares = async (): Promise<number[]> => {
      await change([500, 510]);
      await client.post(`/segments/${segmentId}/members`, { add: ids(500, 510) });
      return Promise.all([apart.service('audiences'), twin].map(commands));
    };
    await until(shares, (both) => both.every((count) => count > 0), WAIT);
    await everywhere(PEOPLE);
  });

  it('is killed in the middle of the work, and nothing is lost or doubled', async () => {
    await change([0, 20], [20, 35], [35, 50]);
    expect(await leavesDuring('SIGKILL', { add: ids(0, 10) })).toBe('SIGKILL');
    await expectEverywhere(PEOPLE - 40, { entered: 2, left: 1 });
  });

  it('ends when it is asked to in the middle of the work, and nothing is lost or doubled', async () => {
    twin.start();
    await twin.ready();
    await change([100, 120], [120, 140], [0, 5]);
    expect(await leavesDuring('SIGTERM', { add: ids(0, 4) })).toBe(0);
    await expectEverywhere(PEOPLE - 81, { entered: 3, left: 2 });
  });

  async function everywhere(members: number): Promise<void> {
    for (const id of campaignIds)
      await until(
        () => counts(id),
        (seen) => seen.members === members,
        WAIT,
      );
  }

  async function change(...ranges: (readonly [number, number])[]): Promise<void> {
    for (const [from, to] of ranges) {
      await client.post(`/segments/${segmentId}/members`, { remove: ids(from, to) });
    }
  }

  /** Both instances have the changes before in hand when one gets the signal. */
  async function leavesDuring(signal: 'SIGKILL' | 'SIGTERM', next: object): Promise<number | string | null> {
    const [ended] = await Promise.all([twin.end(signal), client.post(`/segments/${segmentId}/members`, next)]);
    return ended;
  }

  /** Every campaign has `members`, as it had at no moment before; p3 has come and gone so often in each, and the record agrees with its seeds. */
  async function expectEverywhere(members: number, ofP3: { entered: number; left: number }): Promise<void> {
    await everywhere(members);
    const path = `/insights/profiles/${databaseId}/p3/history`;
    const { items } = await client.get<{ items: readonly { kind: string }[] }>(path);
    const of = (kind: string): number => items.filter((item) => item.kind === kind).length / CAMPAIGNS;
    expect({ entered: of('entered_campaign'), left: of('left_campaign') }).toEqual(ofP3);
    for (const id of campaignIds) {
      expect(await client.get(`/audiences/${id}/verification`)).toMatchObject({ agrees: true });
    }
  }
});

function ids(from: number, to: number): string[] {
  return Array.from({ length: to - from }, (_, i) => `p${String(from + i)}`);
}

async function population(client: Client): Promise<{ databaseId: string; segmentId: string }> {
  const fields = [{ name: 'city', type: 'string' }];
  const { databaseId } = await client.post<{ databaseId: string }>('/profile-databases', { name: 'People', fields });
  const rows = Array.from({ length: PEOPLE }, (_, i) => `p${String(i)},${i % 3 === 0 ? 'Oslo' : 'Bergen'}`);
  await client.import(databaseId, ['externalId,city', ...rows].join('\n'));
  const segment = { databaseId, name: 'Everyone', kind: 'static', fill: true };
  const { segmentId } = await client.post<{ segmentId: string }>('/segments', segment);
  const count = async (): Promise<number> => (await client.get<{ count: number }>(`/segments/${segmentId}`)).count;
  await until(count, (held) => held === PEOPLE, WAIT);
  return { databaseId, segmentId };
}

async function campaign(client: Client, databaseId: string, segmentId: string, i: number): Promise<string> {
  const stratification = { fields: [{ field: 'city', buckets: [{ values: ['Oslo'] }, { values: ['Bergen'] }] }] };
  const body = { name: `Campaign ${String(i)}`, databaseId, segmentId, lcg: { percent: 10 + i }, stratification };
  const { campaignId } = await client.post<{ campaignId: string }>('/campaigns', body);
  await client.post(`/campaigns/${campaignId}/activities`, { kind: 'broadcast', name: 'Mail' });
  return campaignId;
}
