import { startTestApp, type TestApp } from '@muster/platform/testing';
import { gzipSync } from 'node:zlib';
import { SegmentsModule } from '../segments.module';

let muster: TestApp;
let path: string;
beforeAll(async () => {
  muster = await startTestApp([SegmentsModule], { logLevel: 'error' });
  const created = await muster.request('POST', '/api/v1/profile-databases', { name: 'Doers', fields: [] });
  const { databaseId } = created.json<{ databaseId: string }>();
  path = `/api/v1/profile-databases/${databaseId}`;
  await muster.request('POST', `${path}/imports`, 'externalId\na\nb\n', { 'content-type': 'text/csv' });
  await muster.settle();
});
afterAll(() => muster.close());

const record = async (body: object | string, headers = {}) => {
  const response = await muster.request('POST', `${path}/interactions`, body, headers);
  return { status: response.status, ...response.json() };
};
const at = '2026-03-31T12:00:00Z';

describe('interactions', () => {
  it('are recorded, and the faulty ones told by their places', async () => {
    const answer = await record([
      { externalId: 'a', kind: 'purchase', at, value: 12.5, entity: 'order-1' },
      { externalId: 'nobody', kind: 'purchase', at },
      { externalId: 'a', kind: 'Purchase', at },
      { externalId: 'b', kind: 'email_opened', at: 'yesterday' },
      { externalId: 'b', kind: 'email_opened', at, campaignId: 'x' },
      { externalId: 'b', kind: 'email_opened', at, colour: 'red' },
      7,
    ]);
    expect(answer).toMatchObject({ status: 200, received: 7, recorded: 1, duplicates: 0, rejected: 6 });
    expect((answer as unknown as { errors: { path: string }[] }).errors.map((error) => error.path).sort()).toEqual([
      '/1/externalId',
      '/2/kind',
      '/3/at',
      '/4/campaignId',
      '/5/colour',
      '/6',
    ]);
  });

  it('with an id of the caller are recorded once', async () => {
    const one = { id: 'o-1', externalId: 'a', kind: 'purchase', at };
    expect(await record([one, one])).toMatchObject({ recorded: 1, duplicates: 1 });
    expect(await record([one])).toMatchObject({ recorded: 0, duplicates: 1 });
  });

  it('come as NDJSON, as CSV and in gzip too', async () => {
    const ndjson = `${JSON.stringify({ externalId: 'a', kind: 'visit', at })}\nnonsense\n`;
    expect(await record(ndjson, { 'content-type': 'application/x-ndjson' })).toMatchObject({
      recorded: 1,
      rejected: 1,
    });
    const csv = `externalId,kind,at,value\na,visit,${at},1.5\nb,visit,${at},\nb,visit,${at},much\n`;
    expect(await record(csv, { 'content-type': 'text/csv' })).toMatchObject({ recorded: 2, rejected: 1 });
    expect(await record(gzipSync(csv), { 'content-type': 'text/csv' })).toMatchObject({ recorded: 2, rejected: 1 });
  });

  it('are answered alike when they are sent again with their key, and the key takes no other body', async () => {
    const headers = { 'idempotency-key': 'k-1' };
    const first = await record([{ externalId: 'a', kind: 'call', at }], headers);
    expect(first).toMatchObject({ recorded: 1 });
    expect(await record([{ externalId: 'a', kind: 'call', at }], headers)).toEqual(first);
    expect(await record([{ externalId: 'b', kind: 'call', at }], headers)).toMatchObject({
      status: 422,
      code: 'IDEMPOTENCY_KEY_REUSED',
    });
  });

  it.each([
    ['what is no list', {}, {}, 422],
    ['a column that is unknown', 'externalId,when\n', { 'content-type': 'text/csv' }, 422],
  ])('of %s are refused', async (_, body, headers, status) => {
    expect(await record(body, headers)).toMatchObject({ status });
  });

  it('of more than 100,000 rows are refused', async () => {
    const body = 'x\n'.repeat(100_001);
    expect(await record(body, { 'content-type': 'application/x-ndjson' })).toMatchObject({ status: 413 });
  });
});
