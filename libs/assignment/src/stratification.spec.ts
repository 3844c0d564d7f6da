import { canonicalJson } from '@muster/kernel';
import fc from 'fast-check';
import { createHash } from 'node:crypto';
import {
  dayAfter,
  strataOf,
  stratumCodeOf,
  stratumCoder,
  validateStratification,
  type Bucket,
  type StratificationDefinition,
  type StratificationField,
  type StratumAttributes,
} from '.';

const sex: StratificationField = { field: 'sex', type: 'string', buckets: [{ values: ['f'] }, { values: ['m', 'x'] }] };
const age: StratificationField = {
  field: 'age',
  type: 'integer',
  buckets: [
    { label: 'young', from: 18, to: 30 },
    { label: 'old', from: 30 },
  ],
};
const of = (...fields: StratificationField[]): StratificationDefinition => ({ fields });
const field = (type: StratificationField['type'], ...buckets: Bucket[]) => of({ field: 'x', type, buckets });
const hashOf = (definition: unknown) =>
  createHash('sha256').update(canonicalJson(definition)).digest('hex').slice(0, 16);

describe('strata', () => {
  it('are the cross product of the buckets, in order of their hashes, and the residual one', () => {
    const strata = strataOf(of(sex, age));
    expect(strata.map(({ code }) => code)).toEqual([0, 1, 2, 3, 4]);
    expect(strata[4]).toEqual({ code: 4, hash: hashOf(null), labels: null });
    const regular = strata.slice(0, 4).map(({ hash }) => hash);
    expect(regular).toEqual([...regular].sort());
    const young = strata.find(({ labels }) => labels?.['age'] === 'young' && labels['sex'] === 'm, x');
    expect(young?.hash).toBe(hashOf({ age: { from: 18, to: 30 }, sex: { values: ['m', 'x'] } }));
  });

  it('are one, without a residual, when no field is named', () => {
    expect(strataOf(of())).toEqual([{ code: 0, hash: hashOf({}), labels: {} }]);
    expect(stratumCodeOf(of(), { sex: 'f' })).toBe(0);
  });

  it('keep their hashes when a label changes', () => {
    const renamed = of(sex, { ...age, buckets: [{ from: 18, to: 30 }, { from: 30 }] });
    expect(strataOf(renamed).map(({ hash }) => hash)).toEqual(strataOf(of(sex, age)).map(({ hash }) => hash));
  });

  const definition = of(sex, age);
  const labelsFor = (attributes: StratumAttributes) =>
    strataOf(definition)[stratumCodeOf(definition, attributes)]?.labels;

  it('hold a profile by its attributes, ranges being half-open', () => {
    expect(labelsFor({ sex: 'f', age: 18 })).toEqual({ sex: 'f', age: 'young' });
    expect(labelsFor({ sex: 'x', age: 29 })).toEqual({ sex: 'm, x', age: 'young' });
    expect(labelsFor({ sex: 'f', age: 30 })).toEqual({ sex: 'f', age: 'old' });
  });

  it.each<StratumAttributes>([
    { sex: 'f', age: 17 },
    { sex: 'other', age: 20 },
    { sex: 'f' },
    { sex: null, age: 20 },
    { sex: 'f', age: '20' },
    { sex: 'f', age: 20.5 },
    Object.create({ sex: 'f', age: 20 }) as StratumAttributes,
  ])('leave %j to the residual one', (attributes) => expect(labelsFor(attributes)).toBeNull());

  it('order instants whatever the digits of their fraction', () => {
    const instants = field('datetime', { to: '2024-01-01T00:00:00.5Z' }, { from: '2024-01-01T00:00:00.500Z' });
    expect(validateStratification(instants)).toEqual([]);
    const early = stratumCodeOf(instants, { x: '2023-12-31T23:59:59Z' });
    expect(stratumCodeOf(instants, { x: '2024-01-01T00:00:00Z' })).toBe(early);
    expect(stratumCodeOf(instants, { x: '2024-01-01T00:00:00.499999Z' })).toBe(early);
    expect(stratumCodeOf(instants, { x: '2024-01-01T00:00:00.50Z' })).toBe(1 - early);
    expect(strataOf(instants)).toEqual(
      strataOf(
        field(
          'datetime',
          { label: '[…, 2024-01-01T00:00:00.5Z)', to: '2024-01-01T00:00:00.50Z' },
          instants.fields[0]!.buckets[1]!,
        ),
      ),
    );
  });

  it('agree with looking at every bucket of every stratum in turn', () => {
    const values = fc.array(fc.oneof(fc.integer({ min: -5, max: 25 }), fc.constant(null)), {
      minLength: 1,
      maxLength: 12,
    });
    const cuts = fc.uniqueArray(fc.integer({ min: 0, max: 20 }), { minLength: 2, maxLength: 6 });
    fc.assert(
      fc.property(cuts, cuts, values, values, (a, b, xs, ys) => {
        const ranges = (points: number[]) => {
          const sorted = [...points].sort((p, q) => p - q);
          return sorted.slice(1).map((to, i) => ({ label: `${sorted[i]}-${to}`, from: sorted[i]!, to }));
        };
        const two = of(
          { field: 'x', type: 'integer', buckets: ranges(a) },
          { field: 'y', type: 'integer', buckets: ranges(b) },
        );
        expect(validateStratification(two)).toEqual([]);
        const coder = stratumCoder(two);
        const strata = strataOf(two);
        xs.forEach((x, i) => {
          const y = ys[i % ys.length]!;
          const fits = (value: number | null, label: string) => {
            const [from, to] = label.split('-').map(Number);
            return value !== null && value >= from! && value < to!;
          };
          const expected = strata.find(
            ({ labels }) => labels === null || (fits(x, labels['x']!) && fits(y, labels['y']!)),
          );
          expect(coder({ x, y })).toBe(expected?.code);
        });
      }),
      { numRuns: 1000 },
    );
  });
});

describe('a stratification is refused', () => {
  it.each<[string, StratificationDefinition, string, string]>([
    ['when a field is named twice', of(sex, sex), '/fields/1/field', 'named twice'],
    ['when a field has no name', of({ ...sex, field: '' }), '/fields/0/field', 'needs a name'],
    ['when a field has no bucket', field('string'), '/fields/0/buckets', 'at least one bucket'],
    ['when a bucket has no value', field('string', { values: [] }), '/fields/0/buckets/0/values', 'at least one value'],
    ['when a bucket says nothing', field('integer', {}), '/fields/0/buckets/0', 'needs values'],
    [
      'when a value is of another type',
      field('integer', { values: [1, '2'] }),
      '/fields/0/buckets/0/values/1',
      'must be an integer',
    ],
    ['when a date does not exist', field('date', { from: '2023-02-29' }), '/fields/0/buckets/0/from', 'must be a date'],
    [
      'when an instant names no zone',
      field('datetime', { to: '2023-02-01T00:00:00' }),
      '/fields/0/buckets/0/to',
      'UTC',
    ],
    ['when a range is empty', field('integer', { from: 5, to: 5 }), '/fields/0/buckets/0', 'below to'],
    ['when strings are cut into ranges', field('string', { from: 'a' }), '/fields/0/buckets/0', 'not ranges'],
    [
      'when a value stands twice',
      field('string', { values: ['a', 'b', 'a'] }),
      '/fields/0/buckets/0/values/2',
      'twice',
    ],
    [
      'when two buckets share a value',
      field('string', { values: ['a'] }, { values: ['a'] }),
      '/fields/0/buckets/1/values/0',
      'overlaps bucket 0',
    ],
    [
      'when two ranges overlap',
      field('integer', { from: 10, to: 20 }, { from: 0, to: 11 }),
      '/fields/0/buckets/1',
      'overlaps bucket 0',
    ],
    [
      'when a range holds another',
      field('integer', { from: 0, to: 50 }, { from: 1, to: 2 }, { from: 3, to: 4 }),
      '/fields/0/buckets/2',
      'overlaps bucket 0',
    ],
    [
      'when a value lies in a range',
      field('decimal', { from: 0, to: 1 }, { values: [0.5] }),
      '/fields/0/buckets/1/values/0',
      'overlaps bucket 0',
    ],
    [
      'when both ends are open',
      field('date', { to: '2020-01-02' }, { from: '2020-01-01' }),
      '/fields/0/buckets/1',
      'overlaps bucket 0',
    ],
  ])('%s', (_, definition, path, message) => {
    expect(validateStratification(definition, '/lcg')).toContainEqual({
      path: `/lcg${path}`,
      message: expect.stringContaining(message) as string,
    });
  });

  it('when its buckets make more than a thousand strata', () => {
    const wide = (name: string, count: number): StratificationField => ({
      field: name,
      type: 'integer',
      buckets: Array.from({ length: count }, (_, i) => ({ values: [i] })),
    });
    expect(validateStratification(of(wide('a', 100), wide('b', 10)))).toEqual([]);
    expect(validateStratification(of(wide('a', 100), wide('b', 11)))).toEqual([
      { path: '/fields', message: 'the buckets make 1100 strata; at most 1000 are allowed' },
    ]);
  });

  it('exactly when some value would fit two buckets', () => {
    const end = fc.option(fc.integer({ min: 0, max: 12 }), { nil: undefined });
    const bucket: fc.Arbitrary<Bucket> = fc.oneof(
      fc.uniqueArray(fc.integer({ min: 0, max: 12 }), { minLength: 1, maxLength: 3 }).map((values) => ({ values })),
      fc
        .tuple(end, end)
        .filter(([from, to]) => (from ?? to) !== undefined && (from ?? -1) < (to ?? 13))
        .map(([from, to]) => ({ ...(from === undefined ? {} : { from }), ...(to === undefined ? {} : { to }) })),
    );
    fc.assert(
      fc.property(fc.array(bucket, { minLength: 1, maxLength: 5 }), (buckets) => {
        const fits = (value: number, b: Bucket) =>
          'values' in b ? b.values.includes(value) : value >= Number(b.from ?? -9) && value < Number(b.to ?? 99);
        const values = Array.from({ length: 20 }, (_, i) => i - 3);
        const overlap = values.some((value) => buckets.filter((b) => fits(value, b)).length > 1);
        expect(validateStratification(field('integer', ...buckets)).length > 0).toBe(overlap);
      }),
      { numRuns: 3000 },
    );
  });
});

describe('dayAfter', () => {
  it.each([
    ['1999-12-31', '2000-01-01'],
    ['2024-02-28', '2024-02-29'],
    ['2023-02-28', '2023-03-01'],
    ['1900-02-28', '1900-03-01'],
    ['2000-04-30', '2000-05-01'],
  ])('of %s is %s', (date, next) => expect(dayAfter(date)).toBe(next));

  it('refuses what is no date', () => expect(() => dayAfter('2023-13-01')).toThrow(RangeError));
});
