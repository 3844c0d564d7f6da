import { createTestDatabase, type TestDatabase } from '@muster/embedded/testing';
import type { Position } from '@muster/event-store';
import { EventStoreDbEventStore } from '@muster/event-store-eventstoredb';
import { EventStoreDbDouble } from '@muster/event-store-eventstoredb/testing';
import { collect } from '@muster/event-store-testing';
import type { TestApp } from '@muster/platform/testing';
import { createPool } from '@muster/postgres';
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Pool } from 'pg';
import { activeCampaign, startServices, until } from './installation';
import { musterOps } from './muster-ops';

jest.setTimeout(120_000);

let database: TestDatabase;
let double: EventStoreDbDouble;
let folder: string;
let app: TestApp;
let running = false;
let pool: Pool;
let campaignId: string;
let shown: Record<string, unknown>;

beforeAll(async () => {
  database = await createTestDatabase();
  double = await EventStoreDbDouble.start();
  folder = await mkdtemp(join(tmpdir(), 'muster-ops-'));
  pool = createPool({ connectionString: database.connectionString });
  app = await startServices(database.connectionString);
  running = true;
  campaignId = await activeCampaign(app, 200);
});
afterAll(async () => {
  if (running) await app.close();
  await pool.end();
  await database.drop();
  await double.stop();
  await rm(folder, { recursive: true });
});

const ops = (...args: string[]) => musterOps({ DATABASE_URL: database.connectionString }, ...args);
const onDouble = (...args: string[]) =>
  musterOps(
    {
      DATABASE_URL: database.connectionString,
      EVENT_STORE: 'eventstoredb',
      EVENTSTOREDB_URL: double.connectionString,
    },
    ...args,
  );
const copy = (...args: string[]) =>
  ops(
    ...['copy-log', '--from', database.connectionString, '--to', double.connectionString],
    ...['--checkpoint', join(folder, 'copy.json')],
    ...args,
  );

/** Of the event that is there in the new log. */
async function idAt(position: Position): Promise<string | undefined> {
  const store = await EventStoreDbEventStore.open({ connectionString: double.connectionString });
  const [event] = await collect(store.readAll({ from: position, limit: 1 }));
  await store.close();
  return event?.position === position ? event.id : undefined;
}

it('copies the log while services run, and tells what is the same in both', async () => {
  const { code, out, err } = await copy();
  expect([code, err.split('\n')[0]]).toEqual([
    0,
    expect.stringMatching(/^from postgres \S+ to eventstoredb \S+; how far it is stands in \S+copy\.json$/),
  ]);
  const hash = /^(\d+) events, read back and the same in both logs: ([0-9a-f]{64})\n$/.exec(out);
  const { events, hash: own } = (await ops('verify', 'log', '--json')).json<{ events: number; hash: string }>();
  expect(hash?.slice(1)).toEqual([String(events), own]);
  const both = await ops('verify', 'log', '--other', double.connectionString);
  expect([both.code, both.out.includes('The two are the same.')]).toEqual([0, true]);
});

it('goes on with what came since', async () => {
  await app.request('POST', '/api/v1/profile-databases', { name: 'Later', fields: [] });
  await app.settle(60_000);
  const differ = await ops('verify', 'log', '--other', double.connectionString);
  expect([differ.code, differ.out.includes('The two are NOT the same.')]).toEqual([1, true]);
  expect((await copy()).code).toBe(0);
  expect((await ops('verify', 'log', '--other', double.connectionString)).code).toBe(0);
});

it('does not begin with the checkpoint of something else, nor in a log that holds another', async () => {
  const other = join(folder, 'other.json');
  await writeFile(other, '{}');
  const wrong = await copy('--checkpoint', other);
  expect([wrong.code, wrong.err.split('\n').at(-2)]).toEqual([
    2,
    `muster-ops: ${other} is no checkpoint of a copy: name the copy's own with --checkpoint, or a new one`,
  ]);
  const fresh = await copy('--checkpoint', join(folder, 'new.json'));
  expect(fresh.code).toBe(1);
  expect(fresh.err).toContain('muster-ops: the copy cannot go on: the target is not empty: it holds ');
});

describe('finish', () => {
  it('is refused where it is not meant, and while services run', async () => {
    expect((await copy('--finish')).code).toBe(2);
    const { code, err } = await copy('--finish', '--yes');
    expect(code).toBe(1);
    expect(err).toBe(
      'muster-ops: services are running on this database (audiences, campaigns, insights, segments): stop them, then finish\n',
    );
  });

  it('moves relays and consumers to the same events, and has read models built anew', async () => {
    shown = (await app.request('GET', `/api/v1/insights/audiences/${campaignId}`)).json();
    await app.close();
    running = false;
    // As a relay of Kafka would have left it in the middle of the log.
    await pool.query(
      `INSERT INTO campaigns.consumer_checkpoint VALUES ('campaigns.relay-lifecycle', lpad('9', 19, '0'), 3)`,
    );
    const before = (await ops('checkpoints', 'list', '--json')).json();
    const { code, out } = await copy('--finish', '--yes');
    expect(code).toBe(0);
    expect(out).toContain('3 checkpoints of relays and consumers moved to the same events of the new log.\n');
    expect(out).toMatch(/\d+ read models keep what they show and are built anew when their services start\.\n/);

    const after = (await onDouble('checkpoints', 'list', '--json')).json();
    const others = (all: typeof before) => all.filter(({ kind }) => kind !== 'projection');
    expect(others(before)).toHaveLength(3);
    const { rows } = await pool.query<{ id: string }>(
      `SELECT e.id FROM unnest($1::bigint[]) WITH ORDINALITY AS of (position, n)
       JOIN event_store.event e ON e.position = of.position ORDER BY n`,
      [others(before).map(({ position }) => position)],
    );
    expect(await Promise.all(others(after).map(({ position }) => idAt(position as Position)))).toEqual(
      rows.map(({ id }) => id),
    );
    const models = after.filter(({ kind }) => kind === 'projection');
    expect(models.every(({ position }) => position === null)).toBe(true);
  });

  it('is done once', async () => {
    const { code, err } = await copy('--finish', '--yes');
    expect(code).toBe(1);
    expect(err).toContain('this move is finished already');
  });

  it('leaves services that go on with the new log as if nothing had happened', async () => {
    const view = async () => (await app.request('GET', `/api/v1/insights/audiences/${campaignId}`)).json();
    app = await startServices(database.connectionString, { eventStoreDbUrl: double.connectionString });
    running = true;
    const models = async () =>
      (await onDouble('projections', 'list', '--json'))
        .json()
        .map(({ version, state }) => `${String(version)} ${String(state)}`);
    await until(async () => (await models()).every((model) => /^[1-9]\d* live$/.test(model)));
    const { position: _, ...now } = await view();
    const { position: __, ...then } = shown;
    expect(now).toEqual(then);
    const { databaseId } = (
      await app.request('POST', '/api/v1/profile-databases', { name: 'On the new log', fields: [] })
    ).json<{ databaseId: string }>();
    await app.settle(60_000);
    expect((await app.request('GET', `/api/v1/profile-databases/${databaseId}`)).status).toBe(200);
  });

  it('is seen by a tool that still looks at the old log', async () => {
    const { code, err } = await ops('checkpoints', 'list');
    expect(code).toBe(1);
    expect(err).toMatch(
      /^muster-ops: The database of DATABASE_URL belongs to another log than postgres \S+: set EVENT_STORE/,
    );
  });

  it('verifies the audience from the new log', async () => {
    const { code, out } = await onDouble('verify', 'audience', campaignId);
    expect(code).toBe(0);
    expect(out).toMatch(/ 200 +40 +0\n/);
  });
});

it('keeps the checkpoint file readable for people', async () => {
  const kept = JSON.parse(await readFile(join(folder, 'copy.json'), 'utf8')) as Record<string, unknown>;
  expect(Object.keys(kept)).toEqual(['fromStoreId', 'toStoreId', 'position', 'events', 'hash']);
});
