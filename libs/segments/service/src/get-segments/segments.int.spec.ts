import type { SegmentsApi } from '@muster/contracts';
import { SEGMENTS_API } from '@muster/platform';
import { startTestApp, type TestApp, type TestResponse } from '@muster/platform/testing';
import { ProfileSet } from '@muster/profile-set';
import { SegmentsModule } from '../segments.module';

let muster: TestApp;
let databaseId: string;

const PROFILES = 200;
/** Ages 0 to 199, one profile each: `p0` to `p199` have the numbers 1 to 200. */
const csv = ['externalId,age,city', ...Array.from({ length: PROFILES }, (_, i) => `p${String(i)},${String(i)},Oslo`)];

const post = (path: string, body: object, headers = {}): Promise<TestResponse> =>
  muster.request('POST', `/api/v1${path}`, body, headers);
const get = async <T>(path: string): Promise<T> => (await muster.request('GET', `/api/v1${path}`)).json<T>();
const code = (response: TestResponse): unknown => response.json()['code'];

interface Segment {
  readonly count: number;
  readonly calculated: boolean;
  readonly usedBy: readonly object[];
}

beforeAll(async () => {
  muster = await startTestApp([SegmentsModule], { logLevel: 'warn' });
  const fields = [
    { name: 'age', type: 'integer' },
    { name: 'city', type: 'string' },
  ];
  const created = await post('/profile-databases', { name: 'People', fields });
  databaseId = created.json<{ databaseId: string }>().databaseId;
  const path = `/api/v1/profile-databases/${databaseId}/imports?externalId=externalId`;
  const accepted = await muster.request('POST', path, csv.join('\n'), { 'content-type': 'text/csv' });
  expect(accepted.status).toBe(202);
  await muster.settle();
});
afterAll(() => muster.close());

const under = (age: number): object => ({ field: 'age', op: 'lt', value: age });

async function createSegment(body: object): Promise<string> {
  const created = await post('/segments', { databaseId, name: 'Some', kind: 'static', ...body });
  expect([created.status, created.text]).toEqual([201, expect.any(String)]);
  await muster.settle();
  return created.json<{ segmentId: string }>().segmentId;
}

describe('a static segment', () => {
  it('is filled by its conditions with whom the preview counted', async () => {
    // Half of 150, by a salt that no run shares: of 50 it would be fewer than 20 once in seventeen runs.
    const selection = { condition: under(150), range: { from: 0, to: 50 }, limit: 20 };
    const preview = await post('/segments/preview', { databaseId, ...selection });
    const { count, profiles } = preview.json<{ count: number; profiles: { profileNumber: number }[] }>();
    expect(count).toBe(20);
    const segmentId = await createSegment({ ...selection, fill: true });
    const page = await get<{ count: number; items: { profileNumber: number }[] }>(`/segments/${segmentId}/members`);
    expect(page.count).toBe(20);
    expect(page.items.map(({ profileNumber }) => profileNumber)).toEqual(profiles.map((row) => row.profileNumber));
  });

  it('can be paged through by profile number, with attributes', async () => {
    const segmentId = await createSegment({ condition: under(5), fill: true });
    const seen: unknown[] = [];
    let cursor: string | null = '';
    while (cursor !== null) {
      const query: string = cursor === '' ? '' : `&cursor=${cursor}`;
      const page = await get<{ items: unknown[]; nextCursor: string | null }>(
        `/segments/${segmentId}/members?limit=2${query}`,
      );
      seen.push(...page.items);
      cursor = page.nextCursor;
    }
    expect(seen).toEqual(
      [0, 1, 2, 3, 4].map((age) => ({
        profileNumber: age + 1,
        externalId: `p${String(age)}`,
        attributes: { age, city: 'Oslo' },
      })),
    );
  });

  it('takes and gives up profiles by hand, all or nothing', async () => {
    const segmentId = await createSegment({});
    const added = await post(`/segments/${segmentId}/members`, { add: ['p1', 'p2', 'p3'] });
    expect(added.json()).toMatchObject({ added: 3, removed: 0, count: 3 });
    const moved = await post(`/segments/${segmentId}/members`, { add: ['p3', 'p4'], remove: ['p1', 'p9'] });
    expect(moved.json()).toMatchObject({ added: 1, removed: 1, count: 3 });
    const refused = await post(`/segments/${segmentId}/members`, { add: ['p5', 'nobody'] });
    expect([refused.status, code(refused)]).toEqual([422, 'PROFILES_UNKNOWN']);
    expect(refused.json()['errors']).toEqual([{ path: '/add/1', message: 'no profile has this external id' }]);
    expect((await get<Segment>(`/segments/${segmentId}`)).count).toBe(3);
  });

  it('does a keyed change once, and answers the repeat alike', async () => {
    const segmentId = await createSegment({});
    const key = { 'idempotency-key': 'once' };
    const first = await post(`/segments/${segmentId}/members`, { add: ['p1'] }, key);
    await post(`/segments/${segmentId}/members`, { remove: ['p1'] });
    const again = await post(`/segments/${segmentId}/members`, { add: ['p1'] }, key);
    expect(again.json()).toEqual(first.json());
    expect((await get<Segment>(`/segments/${segmentId}`)).count).toBe(0);
    const other = await post(`/segments/${segmentId}/members`, { add: ['p2'] }, key);
    expect(code(other)).toBe('IDEMPOTENCY_KEY_REUSED');
  });

  it('is filled by an import, with whom the file named', async () => {
    const segmentId = await createSegment({});
    const path = `/api/v1/profile-databases/${databaseId}/imports?externalId=externalId`;
    const file = ['externalId,age,city', 'p7,7,Oslo', 'p8,8,Oslo', 'p9,none,Oslo'].join('\n');
    const type = { 'content-type': 'text/csv' };
    const accepted = await muster.request('POST', `${path}&fillSegmentId=${segmentId}`, file, type);
    await muster.settle();
    const members = await get<{ items: { externalId: string }[] }>(`/segments/${segmentId}/members`);
    expect(members.items.map(({ externalId }) => externalId)).toEqual(['p7', 'p8']);
    const { importId } = accepted.json<{ importId: string }>();
    const again = await post(`/segments/${segmentId}/members/imported`, { importId });
    expect(again.json()).toMatchObject({ count: 2 });
    const dynamic = await createSegment({ kind: 'dynamic' });
    const refused = await muster.request('POST', `${path}&fillSegmentId=${dynamic}`, file, type);
    expect([refused.status, code(refused)]).toEqual([422, 'IMPORT_INVALID']);
  });

  it('is recalculated to exactly whom its conditions select', async () => {
    const segmentId = await createSegment({ condition: under(3), fill: true });
    await post(`/segments/${segmentId}/members`, { add: ['p100'] });
    const changed = await muster.request('PATCH', `/api/v1/segments/${segmentId}`, { condition: under(4) });
    expect(changed.status).toBe(200);
    const run = await post(`/segments/${segmentId}/runs`, {});
    expect(run.status).toBe(202);
    await muster.settle();
    const done = await get<object>(`/segments/${segmentId}/runs/${run.json<{ runId: string }>().runId}`);
    expect(done).toMatchObject({ state: 'completed', found: 4, added: 1, removed: 1 });
    const log = await get<{ items: object[] }>(`/segments/${segmentId}/runs`);
    expect(log.items).toHaveLength(2);
  });
});

describe('refusals', () => {
  it('name the place in a condition', async () => {
    const condition = { all: [under(3), { field: 'aeg', op: 'eq', value: 1 }] };
    const refused = await post('/segments', { databaseId, name: 'x', kind: 'static', condition });
    expect([refused.status, code(refused)]).toEqual([422, 'CONDITION_INVALID']);
    expect(refused.json<{ errors: { path: string }[] }>().errors[0]?.path).toMatch(/^\/condition\/all\/1/);
  });
  it('keep hands off a dynamic segment', async () => {
    const segmentId = await createSegment({ kind: 'dynamic', condition: under(3) });
    const refused = await post(`/segments/${segmentId}/members`, { add: ['p1'] });
    expect([refused.status, code(refused)]).toEqual([409, 'SEGMENT_NOT_STATIC']);
  });
  it('keep a used segment and field from being removed, naming the users', async () => {
    const segmentId = await createSegment({ condition: under(3) });
    const api = muster.app.get<SegmentsApi>(SEGMENTS_API);
    const user = { kind: 'campaign', id: '1', name: 'Spring' } as const;
    await api.registerSegmentUse(segmentId, user);
    const segment = await muster.request('DELETE', `/api/v1/segments/${segmentId}`);
    expect([segment.status, segment.json()['users']]).toEqual([409, [user]]);
    const field = await muster.request('DELETE', `/api/v1/profile-databases/${databaseId}/fields/age`);
    expect([field.status, code(field)]).toEqual([409, 'FIELD_IN_USE']);
    await api.releaseSegmentUse(segmentId, user);
    expect((await muster.request('DELETE', `/api/v1/segments/${segmentId}`)).status).toBe(204);
  });
  it('say that a revision is stale', async () => {
    const segmentId = await createSegment({});
    const stale = await muster.request('PATCH', `/api/v1/segments/${segmentId}`, { name: 'y' }, { 'if-match': '"7"' });
    expect([stale.status, code(stale)]).toEqual([412, 'REVISION_STALE']);
  });
  it('know no segment of another id', async () => {
    const missing = await muster.request('GET', '/api/v1/segments/00000000-0000-4000-8000-000000000000');
    expect([missing.status, code(missing)]).toEqual([404, 'SEGMENT_NOT_FOUND']);
  });
});

describe('what other services ask', () => {
  it('a membership page stays at its revision while the members change', async () => {
    const segmentId = await createSegment({ condition: under(10), fill: true });
    const api = muster.app.get<SegmentsApi>(SEGMENTS_API);
    const before = await api.membership({ segmentId, limit: 4 });
    await post(`/segments/${segmentId}/members`, { add: ['p50'], remove: ['p0'] });
    const same = await api.membership({ segmentId, limit: 4, atRevision: before.revision });
    const now = await api.membership({ segmentId, limit: 4 });
    const numbers = (page: typeof now): number[] =>
      page.blocks.flatMap(({ members }) => [...ProfileSet.decode(members)]);
    expect(numbers(same)).toEqual(numbers(before));
    expect(numbers(before)).toEqual([1, 2, 3, 4, 5, 6, 7, 8, 9, 10]);
    expect(numbers(now)).toEqual([2, 3, 4, 5, 6, 7, 8, 9, 10, 51]);
    expect(now.revision).toBeGreaterThan(before.revision);
  });

  it('strata come with the members, one code each', async () => {
    const segmentId = await createSegment({ condition: under(4), fill: true });
    const api = muster.app.get<SegmentsApi>(SEGMENTS_API);
    const fields = [
      {
        field: 'age',
        buckets: [
          { from: 0, to: 2 },
          { from: 2, to: 3 },
        ],
      },
    ];
    const user = { kind: 'campaign', id: '2', name: 'Summer' } as const;
    const { hash, strata } = await api.registerStratification(databaseId, { fields }, user);
    expect(strata).toHaveLength(3);
    const page = await api.membership({ segmentId, limit: 4, stratificationHash: hash });
    const codes = [...(page.blocks[0]?.codes ?? [])];
    expect(codes).toHaveLength(4);
    expect(codes[0]).toBe(codes[1]);
    expect(new Set(codes).size).toBe(3);
    expect(codes[3]).toBe(2);
    expect([...(await api.strata(databaseId, hash, Uint32Array.of(1, 2, 3, 4)))]).toEqual(codes);
  });

  it('a dynamic segment is evaluated once per request', async () => {
    const segmentId = await createSegment({ kind: 'dynamic', condition: under(2) });
    const api = muster.app.get<SegmentsApi>(SEGMENTS_API);
    await api.prepareMembership(segmentId, 'build-1');
    const first = await api.membership({ segmentId, limit: 1 });
    await api.prepareMembership(segmentId, 'build-1');
    expect((await api.membership({ segmentId, limit: 1 })).revision).toBe(first.revision);
    await api.prepareMembership(segmentId, 'build-2');
    expect((await api.membership({ segmentId, limit: 1 })).revision).toBeGreaterThan(first.revision);
    await muster.settle();
  });
});
