import { describeIf } from '@muster/embedded/testing';
import { poolToken } from '@muster/platform';
import { startTestApp, type TestApp } from '@muster/platform/testing';
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Pool } from 'pg';
import { SegmentsModule } from '../segments.module';
import { BatchWriter } from './batch-writer';
import type { ImportView } from './import-view';
import { ProfileImports } from './profile-imports';

let muster: TestApp;
let pool: Pool;
beforeAll(async () => {
  muster = await startTestApp([SegmentsModule], { logLevel: 'error' });
  pool = muster.app.get<Pool>(poolToken('segments'), { strict: false });
});
afterAll(() => muster.close());
afterEach(() => jest.restoreAllMocks());

const fields = [
  { name: 'age', type: 'integer', required: true },
  { name: 'city', type: 'string' },
  { name: 'email', type: 'string', unique: true },
];

async function createDatabase(of: readonly object[] = fields): Promise<string> {
  const created = await muster.request('POST', '/api/v1/profile-databases', { name: 'Customers', fields: of });
  expect(created.status).toBe(201);
  return created.json<{ databaseId: string }>().databaseId;
}

async function importFile(databaseId: string, file: Buffer | string, query = '', headers = {}): Promise<ImportView> {
  const path = `/api/v1/profile-databases/${databaseId}/imports?${query}`;
  const response = await muster.request('POST', path, file, { 'content-type': 'text/csv', ...headers });
  expect([response.status, response.text]).toEqual([202, expect.any(String)]);
  await muster.settle(60_000);
  return (await muster.request('GET', response.headers['location'] ?? '')).json<ImportView>();
}

const csv = (...rows: string[]): string => ['externalId,age,city,email', ...rows, ''].join('\n');

/** External id, number and attributes of every profile. */
async function profiles(databaseId: string): Promise<unknown[]> {
  const page = await muster.request('GET', `/api/v1/profile-databases/${databaseId}/profiles?limit=1000`);
  return page
    .json<{ items: { externalId: string; profileNumber: number; attributes: object }[] }>()
    .items.map((row) => [row.externalId, row.profileNumber, row.attributes]);
}

async function reasons(view: ImportView): Promise<unknown[]> {
  const page = await muster.request('GET', `/api/v1/imports/${view.importId}/rejected-rows`);
  return page.json<{ items: { line: number; reason: string }[] }>().items.map((row) => [row.line, row.reason]);
}

async function changes(databaseId: string): Promise<unknown[]> {
  const { rows } = await pool.query<{ profile_no: number; field: string; old: unknown; new: unknown }>(
    'SELECT profile_no, field, old, new FROM published_attribute_change WHERE database_id = $1 ORDER BY profile_no, field',
    [databaseId],
  );
  return rows.map((row) => [row.profile_no, row.field, row.old, row.new]);
}

describe('an import', () => {
  it('gives new profiles dense numbers, updates known ones, and keeps what was before', async () => {
    const databaseId = await createDatabase();
    const first = await importFile(databaseId, csv('a,1,Oslo,', 'b,2,Bergen,', 'c,3,,'));
    expect(first.rows).toEqual({ read: 3, accepted: 3, rejected: 0, inserted: 3, updated: 0, unchanged: 0 });
    expect(await changes(databaseId)).toEqual([]);
    const second = await importFile(databaseId, csv('c,3,,', 'b,2,Turku,', 'd,4,Oslo,'));
    expect(second.rows).toEqual({ read: 3, accepted: 3, rejected: 0, inserted: 1, updated: 1, unchanged: 1 });
    expect(await changes(databaseId)).toEqual([[2, 'city', 'Bergen', 'Turku']]);
    expect(await profiles(databaseId)).toEqual([
      ['a', 1, { age: 1, city: 'Oslo' }],
      ['b', 2, { age: 2, city: 'Turku' }],
      ['c', 3, { age: 3 }],
      ['d', 4, { age: 4, city: 'Oslo' }],
    ]);
  });

  it('of the same file changes nothing the second time', async () => {
    const databaseId = await createDatabase();
    const file = csv('a,1,Oslo,a@x', 'b,2,Bergen,', 'a,5,Oslo,a@x', 'x,y,z,');
    await importFile(databaseId, file);
    const before = await profiles(databaseId);
    const again = await importFile(databaseId, file);
    expect(again.rows).toEqual({ read: 4, accepted: 3, rejected: 1, inserted: 0, updated: 0, unchanged: 3 });
    expect(await profiles(databaseId)).toEqual(before);
    expect(await changes(databaseId)).toEqual([]);
  });

  it('takes the later of two rows of one profile, and in insert mode the first', async () => {
    const upsert = await createDatabase();
    await importFile(upsert, csv('a,1,Oslo,', 'a,2,Turku,'));
    expect(await profiles(upsert)).toEqual([['a', 1, { age: 2, city: 'Turku' }]]);
    const insert = await createDatabase();
    const view = await importFile(insert, csv('a,1,Oslo,', 'a,2,Turku,'), 'mode=insert');
    expect(await profiles(insert)).toEqual([['a', 1, { age: 1, city: 'Oslo' }]]);
    expect(await reasons(view)).toEqual([[3, 'a profile with this external id exists already']]);
  });

  it('in update mode makes no profile, and needs only the columns that it changes', async () => {
    const databaseId = await createDatabase();
    await importFile(databaseId, csv('a,1,Oslo,a@x'));
    const view = await importFile(databaseId, 'externalId,city\na,Turku\nb,Oslo\n', 'mode=update');
    expect(await reasons(view)).toEqual([[3, 'there is no profile with this external id']]);
    expect(await profiles(databaseId)).toEqual([['a', 1, { age: 1, city: 'Turku', email: 'a@x' }]]);
  });

  it('of NDJSON leaves what a line does not say, and clears what it says is null', async () => {
    const databaseId = await createDatabase();
    await importFile(databaseId, csv('a,1,Oslo,a@x', 'b,2,Turku,b@x'));
    const lines = '{"externalId":"a","city":null}\n{"externalId":"b","age":7}\n{"externalId":"b","city":"Oslo"}\n';
    const view = await importFile(databaseId, lines, '', { 'content-type': 'application/x-ndjson' });
    expect(view.rows).toMatchObject({ accepted: 3, updated: 2, unchanged: 1 });
    expect(await profiles(databaseId)).toEqual([
      ['a', 1, { age: 1, email: 'a@x' }],
      ['b', 2, { age: 7, city: 'Oslo', email: 'b@x' }],
    ]);
    expect(await changes(databaseId)).toHaveLength(3);
  });

  it('rejects the values of unique fields that others hold, row by row, and lets them change hands', async () => {
    const databaseId = await createDatabase();
    await importFile(databaseId, csv('a,1,,a@x', 'b,2,,b@x'));
    const view = await importFile(
      databaseId,
      csv('c,3,,a@x', 'd,4,,d@x', 'e,5,,d@x', 'a,1,,z@x', 'b,2,,a@x', 'a,1,,b@x'),
    );
    expect(await reasons(view)).toEqual([
      [2, 'another profile has this value'],
      [4, 'another profile has this value'],
    ]);
    expect(await profiles(databaseId)).toEqual([
      ['a', 1, { age: 1, email: 'b@x' }],
      ['b', 2, { age: 2, email: 'a@x' }],
      ['d', 3, { age: 4, email: 'd@x' }],
    ]);
  });

  it('is the same import when it is sent again with its key', async () => {
    const databaseId = await createDatabase();
    const key = { 'idempotency-key': 'once' };
    const first = await importFile(databaseId, csv('a,1,,'), '', key);
    expect((await importFile(databaseId, csv('a,1,,'), '', key)).importId).toBe(first.importId);
    const { rows } = await pool.query('SELECT FROM import WHERE database_id = $1', [databaseId]);
    expect(rows).toHaveLength(1);
  });

  it('knows the profiles it touched, and keeps no file', async () => {
    const databaseId = await createDatabase();
    await importFile(databaseId, csv('a,1,,', 'b,2,,', 'c,3,,'));
    const view = await importFile(databaseId, csv('c,3,,', 'x,y,,', 'd,4,,'));
    const touched = await muster.app.get(ProfileImports, { strict: false }).touchedProfiles(view.importId);
    expect([...touched.profiles]).toEqual([3, 4]);
    const { rows } = await pool.query('SELECT FROM import_chunk');
    expect(rows).toHaveLength(0);
  });

  it.each([
    ['before a batch is written', false],
    ['after its numbers were reserved, with the transaction that was to use them lost', true],
  ])(
    'that loses Postgres %s goes on where it was, and ends as one that was not disturbed',
    async (_, reserved) => {
      const rows = Array.from(
        { length: 60_000 },
        (_, i) => `p${String(i % 50_000)},${i % 7 === 0 ? 'x' : String(i % 90)},,`,
      );
      const undisturbed = await createDatabase();
      const expected = await importFile(undisturbed, csv(...rows));
      const databaseId = await createDatabase();
      const writer = muster.app.get<unknown, Reserving>(BatchWriter as unknown as string, { strict: false });
      const reserve = writer.reserve.bind(writer);
      let calls = 0;
      jest.spyOn(writer, 'reserve').mockImplementation(async (...args) => {
        const disturbed = ++calls === 2;
        const first = disturbed && !reserved ? 0 : await reserve(...args);
        if (disturbed) throw Object.assign(new Error('the connection is lost'), { code: '57P01' });
        return first;
      });
      const view = await importFile(databaseId, csv(...rows));
      expect(calls).toBeGreaterThan(2);
      expect(view.rows).toEqual(expected.rows);
      expect(await profiles(databaseId)).toEqual(await profiles(undisturbed));
      const { rows: sums } = await pool.query<{ count: string; highest: number }>(
        `SELECT count(*), max(profile_no) AS highest FROM p_${String(await suffixOf(databaseId))}`,
      );
      expect(Number(sums[0]?.count)).toBe(sums[0]?.highest);
    },
    90_000,
  );
});

/** The step of a batch that speaks to the event store. */
interface Reserving {
  reserve(...args: readonly unknown[]): Promise<number>;
}

async function suffixOf(databaseId: string): Promise<number> {
  const { rows } = await pool.query<{ suffix: number }>('SELECT suffix FROM profile_table WHERE database_id = $1', [
    databaseId,
  ]);
  return rows[0]?.suffix ?? 0;
}

const bank = join(__dirname, '../../../../../../shared/data/uci_bank_full.csv.gz');
describeIf(existsSync(bank), 'the bank data are not beside the checkout')('real bank customers', () => {
  it('are imported whole from quoted columns with semicolons, in gzip', async () => {
    const whole = ['age', 'balance', 'day', 'duration', 'campaign', 'pdays', 'previous'];
    const truths = ['default', 'housing', 'loan', 'y'];
    const texts = ['job', 'marital', 'education', 'contact', 'month', 'poutcome'];
    const databaseId = await createDatabase([
      ...whole.map((name) => ({ name, type: 'integer' })),
      ...truths.map((name) => ({ name, type: 'boolean' })),
      ...texts.map((name) => ({ name, type: 'string' })),
    ]);
    const type = { 'content-type': 'application/gzip' };
    const view = await importFile(databaseId, readFileSync(bank), 'rowNumber=true', type);
    expect(view.rows).toMatchObject({ read: 45_211, accepted: 45_211, inserted: 45_211 });
    const last = await muster.request('GET', `/api/v1/profile-databases/${databaseId}/profiles/45211`);
    expect(last.json()).toMatchObject({
      profileNumber: 45_211,
      attributes: { age: 37, job: 'entrepreneur', y: false },
    });
    const values = await muster.request('GET', `/api/v1/profile-databases/${databaseId}/fields/marital/values`);
    expect(values.json()).toMatchObject({
      values: [
        { value: 'married', count: 27_214 },
        { value: 'single', count: 12_790 },
        { value: 'divorced', count: 5_207 },
      ],
    });
    const again = await importFile(databaseId, readFileSync(bank), 'rowNumber=true', type);
    expect(again.rows).toMatchObject({ inserted: 0, updated: 0, unchanged: 45_211 });
  }, 90_000);
});
