import { startTestApp, type TestApp } from '@muster/platform/testing';
import { gzipSync } from 'node:zlib';
import { SegmentsModule } from '../segments.module';
import type { ImportView } from './import-view';

let muster: TestApp;
let databaseId: string;

beforeAll(async () => {
  muster = await startTestApp([SegmentsModule], { logLevel: 'warn' });
  const fields = [
    { name: 'age', type: 'integer', required: true },
    { name: 'city', type: 'string' },
    { name: 'born', type: 'date' },
    { name: 'tags', type: 'string[]' },
    { name: 'vip', type: 'boolean' },
    { name: 'spent', type: 'decimal' },
    { name: 'seen', type: 'datetime' },
  ];
  const created = await muster.request('POST', '/api/v1/profile-databases', { name: 'Nasty', fields });
  databaseId = created.json<{ databaseId: string }>().databaseId;
});
afterAll(() => muster.close());

/** Large ones are made when their turn comes. */
type File = string | Buffer | (() => string | Buffer);

async function send(file: File, query = '', type = 'text/csv') {
  const path = `/api/v1/profile-databases/${databaseId}/imports?${query}`;
  return muster.request('POST', path, typeof file === 'function' ? file() : file, { 'content-type': type });
}

/** Accepted and rejected rows, and the reasons in order. */
async function importFile(file: File, query = '', type = 'text/csv') {
  const response = await send(file, query, type);
  expect([response.status, response.text]).toEqual([202, expect.any(String)]);
  await muster.settle();
  const { importId } = response.json<ImportView>();
  const { rows, state } = (await muster.request('GET', `/api/v1/imports/${importId}`)).json<ImportView>();
  const rejected = await muster.request('GET', `/api/v1/imports/${importId}/rejected-rows?limit=1000`);
  const reasons = rejected.json<{ items: { line: number; column: string | null; reason: string }[] }>().items;
  expect(state).toBe('completed');
  expect(rows.accepted + rows.rejected).toBe(rows.read);
  expect(reasons).toHaveLength(rows.rejected);
  return { rows, reasons };
}

/** The test runner looks into the arguments of a case for ever if they are large: it gets names. */
const names = (cases: readonly (readonly [string, ...unknown[]])[]): string[] => cases.map(([name]) => name);

function caseOf<T extends readonly [string, ...unknown[]]>(cases: readonly T[], name: string): T {
  const found = cases.find(([known]) => known === name);
  if (!found) throw new Error(`no case ${name}`);
  return found;
}

const head = 'externalId,age,city\n';
const lines = (...rows: string[]): string => head + rows.map((row) => `${row}\n`).join('');
const bytes = (...parts: (string | number[])[]): Buffer =>
  Buffer.concat(parts.map((part) => (typeof part === 'string' ? Buffer.from(part) : Buffer.from(part))));
const image = bytes([0x89], 'PNG\r\n', [0x1a, 0x0a, 0, 0, 0, 0x0d], 'IHDR', [0, 0, 2, 0x80, 8, 6, 0xf4, 0xe0]);

const readable: [string, File, number, [line: number, column: string | null, reason: RegExp][], query?: string][] = [
  ['a byte order mark', bytes([0xef, 0xbb, 0xbf], lines('n1,1,Oslo')), 1, []],
  ['CRLF', 'externalId,age\r\nn2,1\r\nn3,2\r\n', 2, []],
  ['CR', 'externalId,age\rn2,1\rn3,2\r', 2, []],
  ['mixed line breaks', 'externalId,age\r\nn2,1\nn3,2\r', 2, []],
  ['no line break at the end', 'externalId,age\nn2,1', 1, []],
  ['a header and nothing else', head, 0, []],
  ['a header without a line break', 'externalId,age', 0, []],
  ['empty lines', `\n\n${head}\n\nn1,1,x\n\n`, 1, []],
  ['semicolons', 'externalId;age;city\nn1;1;"a;b"\n', 1, []],
  ['tabs', 'externalId\tage\nn1\t1\n', 1, []],
  ['bars', 'externalId|age\nn1|1\n', 1, []],
  ['commas that outnumber the delimiter in a header name', '"externalId";age;city\nn1;1;"a,b,c,d,e"\n', 1, []],
  ['quoted delimiters, quotes and line breaks', lines('n1,1,"a, ""b""\r\nc"'), 1, []],
  ['blanks around header names', ' externalId , age ,city\nn1,1,x\n', 1, []],
  ['columns in another order', 'city,age,externalId\nx,1,n1\n', 1, []],
  ['formulas', lines('n1,1,=1+1', 'n2,1,@SUM(A1)'), 2, []],
  ['backslashes and what COPY takes for NULL', lines('n1,1,\\N', 'n2,1,\\.', 'n3,1,a\\tb'), 3, []],
  ['an external id of COPY’s end mark', lines('\\.,1,x', '\\N,2,x'), 2, []],
  ['a name of SQL', lines(`n1,1,"'; DROP TABLE import; --"`), 1, []],
  ['a text of 4,096 characters', lines(`n1,1,${'x'.repeat(4096)}`), 1, []],
  ['too few columns', lines('n1,1', 'n2,2,x'), 1, [[2, null, /has 2 columns, the header has 3/]]],
  ['too many columns', lines('n1,1,x,y'), 0, [[2, null, /has 4 columns/]]],
  [
    'a wrong type',
    lines('n1,one,x', 'n2,1.5,x', 'n3,9007199254740993,x'),
    0,
    [
      [2, 'age', /whole number/],
      [3, 'age', /whole number/],
      [4, 'age', /whole number/],
    ],
  ],
  [
    'days that do not exist',
    'externalId,age,born\nn1,1,2023-02-29\nn2,1,31.12.1999\nn3,1,2024-02-29\n',
    1,
    [
      [2, 'born', /existing day/],
      [3, 'born', /existing day/],
    ],
  ],
  [
    'instants without a zone',
    'externalId,age,seen\nn1,1,2024-01-01T00:00:00\nn2,1,2024-01-01T00:00:00+02:00\n',
    1,
    [[2, 'seen', /zone/]],
  ],
  [
    'numbers that are none',
    'externalId,age,spent\nn1,1,NaN\nn2,1,Infinity\nn3,1,1e3\nn4,1,-0.50\n',
    1,
    [
      [2, 'spent', /decimal/],
      [3, 'spent', /decimal/],
      [4, 'spent', /decimal/],
    ],
  ],
  ['truths in words', 'externalId,age,vip\nn1,1,YES\nn2,1,f\nn3,1,maybe\n', 2, [[4, 'vip', /true or false/]]],
  ['lists', 'externalId,age,tags\nn1,1,a|b\nn2,1,"[""x"",""\\\\y\\""{}""]"\nn3,1,[1]\n', 2, [[4, 'tags', /list/]]],
  ['a required value that is missing', lines('n1,,x'), 0, [[2, 'age', /required/]]],
  ['an external id that is missing', lines(',1,x', 'n1,1,x'), 1, [[2, 'externalId', /missing/]]],
  ['an external id with blanks around it', lines('" n1",1,x'), 0, [[2, 'externalId', /blank/]]],
  ['an external id of 501 bytes', lines(`${'é'.repeat(250)}e,1,x`), 0, [[2, 'externalId', /500 bytes/]]],
  ['NUL', bytes(head, 'n1,1,a', [0], 'b\nn2,1,x\n'), 1, [[2, 'city', /NUL/]]],
  ['NUL in the external id', bytes(head, 'n', [0], ',1,x\n'), 0, [[2, 'externalId', /control/]]],
  ['bytes that are no UTF-8', bytes(head, 'n1,1,', [0xe9], '\nn2,1,x\n'), 1, [[2, null, /UTF-8/]]],
  [
    'an encoded half of a surrogate pair',
    bytes(head, 'n1,1,', [0xed, 0xa0, 0x80], '\nn2,1,x\n'),
    1,
    [[2, null, /UTF-8/]],
  ],
  ['an overlong encoding', bytes(head, 'n1,1,', [0xc0, 0xaf], '\n'), 0, [[2, null, /UTF-8/]]],
  ['a quote that is never closed', lines('n1,1,"x', 'n2,2,y'), 1, [[2, null, /not closed/]]],
  ['text behind a closing quote', lines('n1,1,"x"y', 'n2,2,y'), 1, [[2, null, /closing quote/]]],
  ['a cell of 10 MB', () => lines(`n1,1,${'x'.repeat(10_000_000)}`, 'n2,2,y'), 1, [[2, null, /1 MiB/]]],
  ['a quoted cell of 10 MB', () => lines(`n1,1,"${'x'.repeat(10_000_000)}"`, 'n2,2,y'), 1, [[2, null, /1 MiB/]]],
  ['a text of 4,097 characters', lines(`n1,1,${'x'.repeat(4097)}`), 0, [[2, 'city', /4096/]]],
  ['the number of the row as external id', 'age\n1\nx\n3\n', 2, [[3, 'age', /whole number/]], 'rowNumber=true'],
  ['columns of other names', 'Id,Age in years,Rubbish\nn1,1,?\n', 1, [], 'externalId=Id&columns=Age%20in%20years=age'],
  ['gzip', gzipSync(lines('n1,1,x', 'n2,2,y')), 2, []],
  ['gzip of several members', Buffer.concat([gzipSync(lines('n1,1,x')), gzipSync('n2,2,y\n')]), 2, []],
];

it.each(names(readable))('a file with %s', async (name) => {
  const [, file, accepted, rejected, query] = caseOf(readable, name);
  const { rows, reasons } = await importFile(file, query);
  expect(rows.accepted).toBe(accepted);
  expect(reasons.map(({ line, column }) => [line, column])).toEqual(rejected.map(([line, column]) => [line, column]));
  rejected.forEach(([, , reason], i) => expect(reasons[i]?.reason).toMatch(reason));
});

const objects: [string, string, number, RegExp[]][] = [
  ['what is no JSON', '{"externalId":"j1","age":1}\n{"externalId":"j2",\n', 1, [/not a JSON object/]],
  [
    'what is no object',
    '{"externalId":"j1","age":1}\n[1]\n"x"\nnull\n7\n',
    1,
    Array<RegExp>(4).fill(/not a JSON object/),
  ],
  ['half of a surrogate pair', '{"externalId":"j1","age":1,"city":"a\\ud800"}\n', 0, [/surrogate/]],
  ['NUL', '{"externalId":"j1","age":1,"city":"a\\u0000"}\n', 0, [/NUL/]],
  ['a member that is no field', '{"externalId":"j1","age":1,"nope":1}\n', 0, [/no field/]],
  ['keys that reach prototypes', '{"externalId":"j1","age":1,"__proto__":{"x":1}}\n', 0, [/no field/]],
  [
    'another type',
    '{"externalId":"j1","age":"1"}\n{"externalId":{},"age":1}\n',
    0,
    [/whole number/, /external id is missing/],
  ],
  ['numbers as external ids', '{"externalId":17,"age":1}\n', 1, []],
  ['no external id', '{"age":1}\n', 0, [/external id is missing/]],
  ['a required member that a new profile lacks', '{"externalId":"brand-new-1","city":"x"}\n', 0, [/required/]],
  ['blank lines and CRLF', '\r\n{"externalId":"j1","age":1}\r\n\r\n', 1, []],
];

it.each(names(objects))('NDJSON with %s', async (name) => {
  const [, file, accepted, rejected] = caseOf(objects, name);
  const { rows, reasons } = await importFile(file, '', 'application/x-ndjson');
  expect(rows.accepted).toBe(accepted);
  expect(reasons).toHaveLength(rejected.length);
  rejected.forEach((reason, i) => expect(reasons[i]?.reason).toMatch(reason));
});

const unreadable: [string, File, number, RegExp, query?: string][] = [
  ['nothing', '', 422, /empty/],
  ['nothing but blanks', ' \n\n ', 422, /empty/],
  ['a picture', image, 422, /no CSV/],
  ['UTF-16', Buffer.from(`\ufeff${head}`, 'utf16le'), 422, /UTF-16/],
  ['a header that is no UTF-8', bytes('externalId,age,', [0xe9], '\n'), 422, /no CSV/],
  ['a column twice', 'externalId,age,age\nn1,1,2\n', 422, /\\"age\\" is there twice/],
  ['a column that is no field', 'externalId,age,nope\n', 422, /\\"nope\\" is no field/],
  ['no column with the external id', 'age,city\n1,x\n', 422, /\\"externalId\\" is missing/],
  ['no column of a required field', 'externalId,city\nn1,x\n', 422, /\\"age\\" is missing and its field is required/],
  ['a pair of a field that is not there', 'externalId,age\n', 422, /\\"nope\\" is no field/, 'columns=age=nope'],
  ['a mode that is not there', head, 422, /mode/, 'mode=replace'],
  ['gzip that is cut off', gzipSync(lines('n1,1,x'.repeat(999))).subarray(0, -20), 422, /damaged or cut off/],
  ['gzip that is damaged', Buffer.from(gzipSync('x'.repeat(9)).fill(7, 4)), 422, /damaged or cut off/],
  [
    'gzip that unpacks to far more than it is',
    () => gzipSync(Buffer.alloc(100 * 1024 * 1024, 'externalId,age\n')),
    413,
    /300 times/,
  ],
];

it.each(names(unreadable))('a file of %s is refused at once', async (name) => {
  const [, file, status, text, query] = caseOf(unreadable, name);
  const response = await send(file, query);
  expect([response.status, response.text]).toEqual([status, expect.stringMatching(text)]);
});

it('an import that was refused by its head leaves nothing behind', async () => {
  const path = `/api/v1/profile-databases/${databaseId}/imports`;
  const before = (await muster.request('GET', path)).text;
  expect((await send('nope\n')).status).toBe(422);
  expect((await muster.request('GET', path)).text).toBe(before);
});
