import { ProfileSet } from '@muster/profile-set';
import { randomUUID } from 'node:crypto';
import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { until } from './client';
import { startForm, type Form } from './forms/form';

const PROGRAM = resolve(__dirname, '../../../examples/subscribers/http/subscriber.mjs');
const PEOPLE = 400;

jest.setTimeout(60_000);

interface State {
  readonly cursor: string;
  readonly audiences: Readonly<Record<string, { readonly test: string; readonly control: string }>>;
}

let form: Form;
let folder: string;
let program: ChildProcess | undefined;
let databaseId: string;
let segmentId: string;
let campaignId: string;

beforeAll(async () => {
  form = await startForm();
  folder = await mkdtemp(join(tmpdir(), 'muster-subscriber-'));
  const { client } = form;
  const database = { name: 'People', fields: [{ name: 'age', type: 'integer' }] };
  ({ databaseId } = await client.post<{ databaseId: string }>('/profile-databases', database));
  const rows = Array.from({ length: PEOPLE }, (_, i) => `p${String(i)},${String(i % 90)}`);
  await client.import(databaseId, ['externalId,age', ...rows].join('\n'), [['externalId', 'externalId']]);
  const segment = { databaseId, name: 'All', kind: 'static', fill: true };
  const created = await client.post<{ segmentId: string; runId: string }>('/segments', segment);
  ({ segmentId } = created);
  await client.watch(`/segments/${segmentId}/runs/${created.runId}/events`);
  const campaign = { name: 'Spring', databaseId, segmentId, lcg: { percent: 25 } };
  ({ campaignId } = await client.post<{ campaignId: string }>('/campaigns', campaign));
  await client.post(`/campaigns/${campaignId}/activities`, { kind: 'broadcast', name: 'Mail' });
});
afterEach(() => stop());
afterAll(async () => {
  await form.close();
  await rm(folder, { recursive: true, force: true });
});

const file = (): string => join(folder, 'audiences.json');

function start(): void {
  const { url, key } = form.client;
  program = spawn(process.execPath, [PROGRAM, file()], {
    env: { ...process.env, MUSTER_URL: url, MUSTER_KEY: key },
    stdio: 'ignore',
  });
}

/** As if the power went: what it has in hand is lost. */
async function stop(): Promise<void> {
  if (program?.exitCode !== null || program.signalCode !== null) return;
  program.kill('SIGKILL');
  await once(program, 'exit');
}

async function state(): Promise<State> {
  const text = await readFile(file(), 'utf8').catch(() => '{"cursor":"","audiences":{}}');
  return JSON.parse(text) as State;
}

/** The sizes of the groups, as the program has them. */
async function kept(): Promise<readonly [test: number, control: number] | undefined> {
  const groups = (await state()).audiences[campaignId];
  return groups && [ProfileSet.decodeBase64(groups.test).size, ProfileSet.decodeBase64(groups.control).size];
}

/** The read model may be told later than the subscriber. */
async function expectSame(count: number): Promise<void> {
  const path = `/insights/audiences/${campaignId}/members`;
  const ask = () => form.client.all<{ profileNumber: number; group: 'test' | 'control' }>(path);
  const members = await until(ask, ({ length }) => length === count);
  const groups = (await state()).audiences[campaignId];
  for (const group of ['test', 'control'] as const) {
    const own = members.filter((member) => member.group === group).map(({ profileNumber }) => profileNumber);
    expect([...ProfileSet.decodeBase64(groups?.[group] ?? '')]).toEqual(own);
  }
}

describe('the example of a subscriber over HTTP', () => {
  it('begins with a snapshot and follows a build', async () => {
    start();
    await until(state, ({ cursor }) => cursor !== '');
    await form.client.post(`/campaigns/${campaignId}/activation`);
    await until(kept, (groups) => groups?.[0] === 300 && groups[1] === 100);
    await expectSame(PEOPLE);
  });

  it('goes on after a kill with what came meanwhile', async () => {
    await form.client.post(`/segments/${segmentId}/members`, { remove: ['p1', 'p2', 'p3'] });
    start();
    await until(kept, (groups) => groups !== undefined && groups[0] + groups[1] === PEOPLE - 3);
    await expectSame(PEOPLE - 3);
  });

  it('begins anew when its cursor is of another store', async () => {
    const { cursor, audiences } = await state();
    const place = JSON.parse(Buffer.from(cursor, 'base64url').toString()) as object;
    const other = Buffer.from(JSON.stringify({ ...place, store: randomUUID() })).toString('base64url');
    await writeFile(file(), JSON.stringify({ cursor: other, audiences: { [randomUUID()]: audiences[campaignId] } }));
    start();
    await until(state, (now) => now.cursor !== other);
    expect(Object.keys((await state()).audiences)).toEqual([campaignId]);
    await expectSame(PEOPLE - 3);
  });
});
