import type { MembershipPage, SegmentsApi, StratificationReference, UseOf } from '@muster/contracts';
import { DomainError } from '@muster/kernel';
import { SEGMENTS_API } from '@muster/platform';
import { startTestApp, type TestApp } from '@muster/platform/testing';
import { ProfileSet } from '@muster/profile-set';
import { HttpSegmentsApi } from '@muster/segments-client';
import { randomUUID } from 'node:crypto';
import { SegmentsModule } from '../segments.module';

const PROFILES = 70_000;
const CITIES = ['Oslo', 'Bergen', 'Narvik'];
const rows = Array.from({ length: PROFILES }, (_, i) => `p${String(i)},${String(i % 100)},${CITIES[i % 3] ?? ''}`);
const nobody = '00000000-0000-4000-8000-000000000000';
const byCity = { fields: [{ field: 'city', buckets: [{ label: 'south', values: ['Oslo', 'Bergen'] }] }] };

let muster: TestApp;
let http: HttpSegmentsApi;
let databaseId: string;
let segmentId: string;

const created = async (path: string, body: object): Promise<Record<string, string>> =>
  (await muster.request('POST', `/api/v1${path}`, body)).json<Record<string, string>>();
const campaign = (): UseOf => ({ kind: 'campaign', id: randomUUID(), name: 'Spring' });

beforeAll(async () => {
  muster = await startTestApp([SegmentsModule], { logLevel: 'warn' });
  http = new HttpSegmentsApi({ url: await muster.url(), apiKey: muster.keys.service });
  const fields = [
    { name: 'age', type: 'integer' },
    { name: 'city', type: 'string' },
  ];
  databaseId = (await created('/profile-databases', { name: 'People', fields }))['databaseId'] ?? '';
  const csv = ['externalId,age,city', ...rows].join('\n');
  const path = `/api/v1/profile-databases/${databaseId}/imports?externalId=externalId`;
  await muster.request('POST', path, csv, { 'content-type': 'text/csv' });
  await muster.settle(60_000);
  const everyone = { databaseId, name: 'Everyone', kind: 'static', condition: null, fill: true };
  segmentId = (await created('/segments', everyone))['segmentId'] ?? '';
  await muster.settle(60_000);
}, 120_000);
afterAll(() => muster.close());

async function refusal(work: Promise<unknown>): Promise<object> {
  try {
    await work;
  } catch (error) {
    if (error instanceof DomainError) return { code: error.code, ...error.details };
    throw error;
  }
  throw new Error('it was not refused');
}

/** Pages as plain values: typed arrays of other realms and buffers are not equal to each other. */
const plain = ({ revision, nextAfter, blocks }: MembershipPage): unknown => ({
  revision,
  nextAfter,
  blocks: blocks.map(({ block, members, codes }) => ({
    block,
    members: [...ProfileSet.decode(members).toArray()].length,
    codes: codes && [...codes].slice(0, 100),
  })),
});

describe.each([
  ['in one process', (): SegmentsApi => muster.app.get<SegmentsApi>(SEGMENTS_API)],
  ['over HTTP', (): SegmentsApi => http],
])('SegmentsApi %s', (_, api) => {
  const registered = (user: UseOf): Promise<StratificationReference> =>
    api().registerStratification(databaseId, byCity, user);

  it('tells of segments and profile databases, and of those that are not there', async () => {
    expect(await api().segment(segmentId)).toEqual({
      ...{ segmentId, databaseId, name: 'Everyone', kind: 'static', deleted: false, count: PROFILES },
    });
    expect(await api().database(databaseId)).toEqual({ databaseId, name: 'People' });
    expect(await refusal(api().segment(nobody))).toMatchObject({ code: 'SEGMENT_NOT_FOUND' });
    expect(await refusal(api().database(nobody))).toMatchObject({ code: 'DATABASE_NOT_FOUND' });
  });

  it('hands out members block by block at one revision', async () => {
    const first = await api().membership({ segmentId, limit: 1 });
    expect(plain(first)).toMatchObject({ nextAfter: 0, blocks: [{ block: 0, members: 65_535 }] });
    const { revision } = first;
    const second = await api().membership({ segmentId, limit: 64, atRevision: revision, after: 0 });
    const rest = PROFILES - 65_535;
    expect(plain(second)).toEqual({ revision, nextAfter: null, blocks: [{ block: 1, members: rest }] });
  });

  it('hands out the stratum of every member of a page', async () => {
    const { hash } = await registered(campaign());
    const { blocks } = await api().membership({ segmentId, limit: 64, stratificationHash: hash });
    for (const { members, codes } of blocks) {
      const expected = [...ProfileSet.decode(members).toArray()].map((profile) => ((profile - 1) % 3 < 2 ? 0 : 1));
      expect([...(codes ?? [])]).toEqual(expected);
    }
    expect(blocks).toHaveLength(2);
  });

  it('tells the strata of up to 100,000 profiles, of those that are gone too', async () => {
    const { hash } = await registered(campaign());
    const profiles = Uint32Array.from({ length: 100_000 }, (_none, i) => i + 1);
    const codes = await api().strata(databaseId, hash, profiles);
    const expected = Array.from(profiles, (profile) => (profile <= PROFILES && (profile - 1) % 3 < 2 ? 0 : 1));
    expect([...codes]).toEqual(expected);
    expect([...(await api().strata(databaseId, hash, new Uint32Array(0)))]).toEqual([]);
    const more = Uint32Array.from({ length: 100_001 }, (_none, i) => i + 1);
    expect(await refusal(api().strata(databaseId, hash, more))).toMatchObject({ code: 'VALIDATION_FAILED' });
  });

  it('tells the external ids of up to 10,000 profiles, and leaves out who is not there', async () => {
    const numbers = Array.from({ length: 10_000 }, (_none, i) => PROFILES - 9_000 + i);
    const known = await api().externalIdsOf(databaseId, numbers);
    expect(known?.size).toBe(9_001);
    expect([known?.get(PROFILES), known?.get(PROFILES - 9_000), known?.has(PROFILES + 1)]).toEqual([
      `p${String(PROFILES - 1)}`,
      `p${String(PROFILES - 9_001)}`,
      false,
    ]);
    expect(await api().externalIdsOf(databaseId, [])).toEqual(new Map());
    const more = [...numbers, PROFILES];
    expect(await refusal(api().externalIdsOf(databaseId, more))).toMatchObject({ code: 'VALIDATION_FAILED' });
    expect(await refusal(api().externalIdsOf(nobody, [1]))).toMatchObject({ code: 'DATABASE_NOT_FOUND' });
  });

  it('tells no external ids of a database that does not publish them, and none of one that was deleted', async () => {
    const discreet = { name: 'Discreet', fields: [], publishExternalIds: false };
    const { databaseId: silent = '' } = await created('/profile-databases', discreet);
    expect(await api().externalIdsOf(silent, [1])).toBeNull();
    const { databaseId: gone = '' } = await created('/profile-databases', { name: 'Gone', fields: [] });
    expect((await muster.request('DELETE', `/api/v1/profile-databases/${gone}`)).status).toBe(204);
    expect(await api().externalIdsOf(gone, [1])).toEqual(new Map());
  });

  it('describes strata, and refuses those that cannot be made, with paths', async () => {
    const { hash, strata } = await registered(campaign());
    const described = await api().describeStrata(hash);
    expect(described.map((stratum) => stratum.hash)).toEqual(strata);
    expect(described.map(({ label }) => label)).toEqual(['south', 'residual']);
    const nowhere = { fields: [{ field: 'shoe size', buckets: [{ from: 40 }] }] };
    expect(await refusal(api().registerStratification(databaseId, nowhere, campaign()))).toMatchObject({
      code: 'STRATIFICATION_INVALID',
      errors: [{ path: '/fields/0/field' }],
    });
    expect(await refusal(api().describeStrata('unheard-of'))).toMatchObject({ code: 'STRATIFICATION_INVALID' });
  });

  it('keeps segments and fields from being deleted while they are used, said twice or once', async () => {
    const kept = await created('/segments', { databaseId, name: 'Kept', kind: 'static' });
    const used = kept['segmentId'] ?? '';
    const user = campaign();
    const reference = await registered(user);
    for (let time = 0; time < 2; time++) await api().registerSegmentUse(used, user);
    const remove = async (path: string) => (await muster.request('DELETE', `/api/v1${path}`)).status;
    expect(await remove(`/segments/${used}`)).toBe(409);
    for (let time = 0; time < 2; time++) await api().releaseSegmentUse(used, user);
    expect(await remove(`/segments/${used}`)).toBe(204);
    await api().releaseFieldUses(databaseId, user, reference);
    await api().releaseFieldUses(databaseId, user, null);
    expect(await refusal(api().registerSegmentUse(used, user))).toMatchObject({ code: 'SEGMENT_DELETED' });
  });

  it('evaluates a dynamic segment once for each request', async () => {
    const body = { databaseId, name: 'Young', kind: 'dynamic', condition: { field: 'age', op: 'lt', value: 10 } };
    const dynamic = (await created('/segments', body))['segmentId'] ?? '';
    await muster.settle(60_000);
    const request = randomUUID();
    await api().prepareMembership(dynamic, request);
    const { revision } = await api().membership({ segmentId: dynamic, limit: 1 });
    await api().prepareMembership(dynamic, request);
    expect((await api().membership({ segmentId: dynamic, limit: 1 })).revision).toBe(revision);
    expect((await api().segment(dynamic)).count).toBe(PROFILES / 10);
  });

  it('reads a segment as it was before it had members', async () => {
    expect(await api().membership({ segmentId, limit: 1, atRevision: -1 })).toMatchObject({ revision: -1, blocks: [] });
  });
});

describe('the routes between services', () => {
  it('are for services only', async () => {
    const path = `/api/v1/internal/segments-api/segments/${segmentId}`;
    const as = async (key: string) =>
      (await muster.request('GET', path, undefined, { authorization: `Bearer ${key}` })).status;
    expect([await as(muster.keys.service), await as(muster.keys.marketer), await as(muster.keys.analyst)]).toEqual([
      200, 403, 403,
    ]);
  });

  it('are not believed in a key that is not taken', async () => {
    const stranger = new HttpSegmentsApi({ url: await muster.url(), apiKey: muster.keys.analyst });
    expect(await refusal(stranger.segment(segmentId))).toEqual({
      code: 'DEPENDENCY_UNAVAILABLE',
      detail: 'The segments service does not take SERVICE_API_KEY: it needs the role service.',
    });
  });
});
