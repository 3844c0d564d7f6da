import { gzipSync } from 'node:zlib';
import { until, type Client, type ImportState, type Reply } from '../client';
import { withForm } from './form';

jest.setTimeout(120_000);

const FIELDS = [
  { name: 'age', type: 'integer' },
  { name: 'city', type: 'string' },
  { name: 'since', type: 'date' },
];
const HEADER = 'externalId,age,city,since';
const GOOD = ['a,31,Oslo,2020-02-29', 'b,,"Bergen, vest",', 'c,7,"said ""no""\nand left",1999-12-31'];

interface Rejected {
  readonly row: number;
  readonly line: number;
  readonly column: string | null;
  readonly reason: string;
}

let client: Client;

const describeForm = withForm((form) => ({ client } = form));
afterEach(async () => {
  expect((await client.send('GET', '/health/live')).status).toBe(200);
  expect((await client.send('GET', '/health/ready')).json()['status']).toBe('ready');
});

async function newDatabase(): Promise<string> {
  const created = await client.post<{ databaseId: string }>('/profile-databases', { name: 'Files', fields: FIELDS });
  return created.databaseId;
}

const upload = (databaseId: string, file: string | Uint8Array, query = '', type = 'text/csv'): Promise<Reply> =>
  client.send('POST', `/profile-databases/${databaseId}/imports${query}`, file, { 'content-type': type });

/** What became of a file that was taken in. */
async function taken(
  file: string | Uint8Array,
  query = '',
): Promise<{ rows: ImportState['rows']; rejected: readonly Rejected[]; profiles: number }> {
  const databaseId = await newDatabase();
  const reply = await upload(databaseId, file, query);
  expect([reply.status, reply.text]).toEqual([202, expect.any(String)]);
  const { importId } = reply.json<{ importId: string }>();
  const { state, rows } = await until(
    () => client.get<ImportState>(`/imports/${importId}`),
    (each) => each.state === 'completed' || each.state === 'failed',
  );
  expect(state).toBe('completed');
  expect(rows.accepted + rows.rejected).toBe(rows.read);
  const rejected = await client.all<Rejected>(`/imports/${importId}/rejected-rows`);
  expect(rejected).toHaveLength(rows.rejected);
  const { count } = await client.post<{ count: number }>('/segments/preview', { databaseId });
  expect(count).toBe(rows.inserted);
  return { rows, rejected, profiles: count };
}

/** The answer to a file that was not, and that it left nothing behind. */
async function refused(file: string | Uint8Array, query = '', type = 'text/csv'): Promise<Record<string, unknown>> {
  const databaseId = await newDatabase();
  const reply = await upload(databaseId, file, query, type);
  expect([reply.status >= 400 && reply.status < 500, reply.text]).toEqual([true, expect.any(String)]);
  const { count } = await client.post<{ count: number }>('/segments/preview', { databaseId });
  expect(count).toBe(0);
  // the next file is none the worse for it
  expect((await upload(databaseId, [HEADER, ...GOOD].join('\n'))).status).toBe(202);
  const problem: Record<string, unknown> = reply.json();
  return { status: reply.status, ...problem };
}

const lines = (...rows: readonly string[]): string => [HEADER, ...rows].join('\r\n');

describeForm('a file that is odd, and right', () => {
  it.each([
    ['starts with a byte order mark', `\ufeff${lines(...GOOD)}`],
    ['quotes its header', lines(...GOOD).replace(HEADER, '"externalId","age","city","since"')],
    ['has its columns in another order', 'city,since,externalId,age\nOslo,2020-02-29,a,31\n,,b,\n"x,y",1999-12-31,c,7'],
    ['lacks the columns of fields that are not required', 'externalId,age\na,1\nb,2\nc,3'],
    ['separates by semicolons', 'externalId;age;city;since\na;31;Oslo;2020-02-29\nb;;"x;y";\nc;7;;'],
    ['separates by tabs', 'externalId\tage\tcity\tsince\na\t31\tOslo\t2020-02-29\nb\t\tx\t\nc\t7\t\t'],
    ['has empty lines and no line break at its end', lines(...GOOD).replaceAll('\r\n', '\r\n\r\n')],
  ])('%s', async (_, file) => {
    expect((await taken(file)).rows).toMatchObject({ read: 3, accepted: 3, rejected: 0, inserted: 3 });
  });
});

describeForm('a bad row costs itself only, and is shown with its place and reason:', () => {
  it.each([
    ['a wrong type', 'x,old,Oslo,', 'age'],
    ['a fraction for a whole number', 'x,1.5,Oslo,', 'age'],
    ['a day that does not exist', 'x,1,Oslo,2023-02-29', 'since'],
    ['NUL in a value', 'x,1,Os\0lo,', 'city'],
    ['no external id', ',1,Oslo,', 'externalId'],
    ['a column too few', 'x,1,Oslo', null],
    ['a column too many', 'x,1,Oslo,,more', null],
    ['text after a closing quote', 'x,1,"Oslo"lo,', null],
  ])('%s', async (_, row, column) => {
    const { rows, rejected } = await taken(lines('a,31,Oslo,', row, 'b,32,Oslo,'));
    expect(rows).toMatchObject({ read: 3, accepted: 2, rejected: 1, inserted: 2 });
    expect(rejected).toEqual([expect.objectContaining({ row: 2, line: 3, column, reason: expect.any(String) })]);
  });

  it('a quote that is never closed', async () => {
    const { rows, rejected } = await taken(lines('a,31,Oslo,', 'x,1,"Oslo,', 'b,32,Oslo,', 'c,33,Oslo,'));
    expect(rows).toMatchObject({ read: 4, accepted: 3, rejected: 1 });
    expect(rejected).toEqual([expect.objectContaining({ row: 2, line: 3 })]);
  });

  it('a cell of 10 MB', async () => {
    const { rows } = await taken(lines('a,31,Oslo,', `x,1,${'y'.repeat(10_000_000)},`, 'b,32,Oslo,'));
    expect(rows).toMatchObject({ read: 3, accepted: 2, rejected: 1, inserted: 2 });
  });

  it('a quoted cell of 10 MB with line breaks', async () => {
    const cell = `"${`${'y'.repeat(9_999)}\n`.repeat(1_000)}"`;
    const { rows } = await taken(lines('a,31,Oslo,', `x,1,${cell},`, 'b,32,Oslo,'));
    // nothing says where the quote was meant to end: each of its lines is a row, and none of them has enough columns
    expect(rows).toMatchObject({ inserted: 2, accepted: 2, read: 1_003 });
  });

  it('bytes that are not UTF-8', async () => {
    const file = Buffer.concat([
      Buffer.from(`${HEADER}\na,31,Oslo,\nx,1,`),
      Buffer.from([0xc3, 0x28, 0xff]),
      Buffer.from(',\nb,32,Oslo,\n'),
    ]);
    const { rows, rejected } = await taken(file);
    expect(rows).toMatchObject({ read: 3, accepted: 2, rejected: 1 });
    expect(rejected).toEqual([expect.objectContaining({ row: 2, line: 3 })]);
  });
});

describeForm('a file that cannot be imported is refused at once:', () => {
  it.each<[string, string | Uint8Array]>([
    ['an empty one', ''],
    ['one of blanks', ' \n\n  \n'],
    ['one without the column of the external id', 'id,age\na,1'],
    ['one with a column that is no field', 'externalId,age,shoeSize\na,1,42'],
    ['one that has a column twice', 'externalId,age,age\na,1,2'],
    ['a picture', Buffer.from('89504e470d0a1a0a0000000d49484452000000010000000108060000001f15c489', 'hex')],
    ['a page of HTML', '<!doctype html><html><body>Sorry</body></html>'],
    ['one in UTF-16', Buffer.from(`\ufeff${HEADER}\na,1,Oslo,`, 'utf16le')],
    ['a JSON document', '[{"externalId":"a"}]'],
  ])('%s', async (_, file) => {
    expect(await refused(file)).toMatchObject({ status: 422, code: 'IMPORT_INVALID' });
  });

  it('a gzip that is cut off', async () => {
    const whole = gzipSync([HEADER, ...Array.from({ length: 5_000 }, (_, i) => `p${String(i * 7919)},1,,`)].join('\n'));
    const answer = await refused(whole.subarray(0, whole.length / 2), '', 'application/gzip');
    expect(answer).toMatchObject({ status: 422, code: 'IMPORT_INVALID' });
  });

  it('one of another type', async () => {
    expect(await refused('%PDF-1.7', '', 'application/pdf')).toMatchObject({ status: 415 });
  });

  it('one for nobody', async () => {
    const reply = await upload('00000000-0000-4000-8000-000000000000', lines(...GOOD));
    expect([reply.status, reply.json()['code']]).toEqual([404, 'DATABASE_NOT_FOUND']);
  });
});
