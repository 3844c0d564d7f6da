import {
  stratumCoder,
  strataOf,
  validateStratification,
  type Bucket,
  type StratificationField,
} from '@muster/assignment';
import type { StratificationInput } from '@muster/contracts';
import { SYSTEM, type CommandContext } from '@muster/kernel';
import { poolToken } from '@muster/platform';
import { startTestApp, type TestApp } from '@muster/platform/testing';
import { ProfileSet } from '@muster/profile-set';
import fc from 'fast-check';
import type { Pool } from 'pg';
import { Profiles } from '../profiles/profiles';
import { SegmentsModule } from '../segments.module';
import { codesByCell } from './strata-sql';
import { Stratifications } from './stratifications';

let muster: TestApp;
let strata: Stratifications;
let databaseId: string;
let attributes: ReadonlyMap<number, Readonly<Record<string, string | number | boolean>>>;

const user = { kind: 'campaign', id: 'c-1', name: 'Spring' } as const;
const context = (): CommandContext => ({ actor: SYSTEM, correlationId: 'test', now: new Date() });
const pools = {
  s: ['a', 'B', 'ä', `it's`, 'b\\c', '$1', '', '😀'],
  i: ['-5', '0', '3', '17', '9007199254740991', ''],
  d: ['-0.5', '0', '0.1', '0.3', '12.5', ''],
  b: ['true', 'false', ''],
  t: ['1985-01-01', '1999-12-31', '2000-01-01', '2024-02-29', ''],
  z: ['2024-01-01T00:00:00.000Z', '2024-01-01T00:00:00.001Z', '2024-01-01T00:00:00.002Z', '2030-06-01T12:00:00Z', ''],
};
const types = { s: 'string', i: 'integer', d: 'decimal', b: 'boolean', t: 'date', z: 'datetime' } as const;
type Name = keyof typeof types;
const names = Object.keys(types) as Name[];

beforeAll(async () => {
  muster = await startTestApp([SegmentsModule], { logLevel: 'error' });
  strata = muster.app.get(Stratifications, { strict: false });
  const fields = names.map((name) => ({ name, type: types[name] }));
  const created = await muster.request('POST', '/api/v1/profile-databases', { name: 'Strata', fields });
  databaseId = created.json<{ databaseId: string }>().databaseId;
  const rows = Array.from({ length: 240 }, (_, i) =>
    names.map((name, f) => pools[name][Math.floor(i * (f * 0.37 + 1) + f) % pools[name].length]).join(';'),
  );
  const file = [names.join(';'), ...rows, ''].join('\n');
  const path = `/api/v1/profile-databases/${databaseId}/imports?rowNumber=true`;
  await muster.request('POST', path, file, { 'content-type': 'text/csv' });
  await muster.settle();
  const page = await muster.app.get(Profiles, { strict: false }).page(databaseId, 0, 1000);
  expect(page).toHaveLength(240);
  attributes = new Map(page.map((row) => [row.profileNo, row.attributes as Record<string, string>]));
});
afterAll(() => muster.close());

const literal = (name: Name): fc.Arbitrary<string | number | boolean> => {
  const text = fc.constantFrom(...pools[name].filter((value) => value !== ''));
  if (name === 'i' || name === 'd') return text.map(Number);
  if (name === 'b') return text.map((value) => value === 'true');
  return name === 'z'
    ? fc.oneof(text, fc.constant('2024-01-01T00:00:00.0010000004Z')).map((v) => v.replace('0000004', '000004'))
    : text;
};
const bucket = (name: Name): fc.Arbitrary<Bucket> => {
  const values = fc
    .uniqueArray(literal(name), { minLength: 1, maxLength: 2 })
    .map((list): Bucket => ({ values: list }));
  if (name === 's' || name === 'b') return values;
  const end = fc.option(literal(name) as fc.Arbitrary<string | number>, { nil: undefined });
  const range = fc.record({ from: end, to: end }).map(({ from, to }): Bucket => ({
    ...(from !== undefined && { from }),
    ...(to !== undefined && { to }),
  }));
  return fc.oneof(values, range);
};
const field = (name: Name): fc.Arbitrary<StratificationField> =>
  fc
    .array(bucket(name), { minLength: 1, maxLength: 3 })
    .map((buckets) => ({ field: name, type: types[name], buckets }))
    .map((made) => {
      // overlapping buckets are refused: keep those that go together
      const kept: Bucket[] = [];
      for (const one of made.buckets) {
        if (validateStratification({ fields: [{ ...made, buckets: [...kept, one] }] }).length === 0) kept.push(one);
      }
      return { ...made, buckets: kept };
    })
    .filter(({ buckets }) => buckets.length > 0);
const fieldsOf = fc
  .uniqueArray(fc.constantFrom(...names), { maxLength: 3 })
  .chain((chosen) => fc.tuple(...chosen.map(field)));

describe('strata', () => {
  it('in SQL are those of the reference evaluator, for every profile', async () => {
    await fc.assert(
      fc.asyncProperty(fieldsOf, async (fields) => {
        const input = { fields: fields.map(({ field, buckets }) => ({ field, buckets })) } as StratificationInput;
        const { hash, strata: hashes } = await strata.register(databaseId, input, user, context());
        expect(hashes).toEqual(strataOf({ fields }).map((stratum) => stratum.hash));
        const coder = stratumCoder({ fields });
        const codes = await strata.codesInRange(databaseId, hash, 1, 241);
        expect([...attributes.keys()].map((profileNo) => codes[profileNo - 1])).toEqual(
          [...attributes.values()].map((values) => coder(values)),
        );
      }),
      { numRuns: 150 },
    );
  }, 120_000);

  it('have a code for every cell, each once', () => {
    const fields: StratificationField[] = [
      { field: 'a', type: 'integer', buckets: [{ values: [1] }, { values: [2] }, { values: [3] }] },
      { field: 'b', type: 'boolean', buckets: [{ values: [true] }, { values: [false] }] },
    ];
    expect([...codesByCell({ fields })].sort()).toEqual([0, 1, 2, 3, 4, 5]);
  });

  const input: StratificationInput = { fields: [{ field: 'b', buckets: [{ values: [true] }, { values: [false] }] }] };

  it('of profiles that are gone are the residual one', async () => {
    const { hash } = await strata.register(databaseId, input, user, context());
    const asked = Uint32Array.of(1, 2, 999_999);
    const codes = await strata.strata(databaseId, hash, asked);
    expect([...codes]).toEqual([codes[0], codes[1], 2]);
    const [block, other] = await strata.codesOfBlocks(databaseId, hash, [
      ProfileSet.of(asked.subarray(0, 2)),
      ProfileSet.of([999_999]),
    ]);
    expect([[...(block ?? [])], [...(other ?? [])]]).toEqual([[codes[0], codes[1]], [2]]);
  });

  it('have labels for people, also in the published view', async () => {
    const { hash } = await strata.register(databaseId, input, user, context());
    const labels = (await strata.describe(hash)).map((stratum) => stratum.label);
    expect([...labels].sort()).toEqual(['false', 'residual', 'true']);
    const pool = muster.app.get<Pool>(poolToken('segments'), { strict: false });
    const { rows } = await pool.query<{ label: string }>(
      'SELECT label FROM published_stratum WHERE stratification_hash = $1 ORDER BY code',
      [hash],
    );
    expect(rows.map((row) => row.label)).toEqual(labels);
  });

  it('keep their fields from being removed until they are released', async () => {
    await strata.register(databaseId, input, user, context());
    const path = `/api/v1/profile-databases/${databaseId}/fields/b`;
    const refused = await muster.request('DELETE', path);
    expect([refused.status, refused.json()]).toEqual([
      409,
      expect.objectContaining({ code: 'FIELD_IN_USE', users: [user] }),
    ]);
    await strata.release(databaseId, user, null, context());
    expect((await muster.request('DELETE', path)).status).toBe(204);
  });

  it('of fields that are not there, or that overlap, are refused with their places', async () => {
    const bad = (fields: StratificationInput['fields']) => strata.register(databaseId, { fields }, user, context());
    await expect(bad([{ field: 'nope', buckets: [{ values: [1] }] }])).rejects.toMatchObject({
      code: 'STRATIFICATION_INVALID',
      details: { errors: [{ path: '/fields/0/field' }] },
    });
    await expect(
      bad([
        {
          field: 'i',
          buckets: [
            { from: 1, to: 5 },
            { from: 4, to: 9 },
          ],
        },
      ]),
    ).rejects.toMatchObject({
      code: 'STRATIFICATION_INVALID',
    });
  });
});
