import fc from 'fast-check';
import { compileSql } from './compile-condition';
import type { Condition } from './condition';
import { describe as inEnglish } from './describe';
import { prepare } from './evaluate';
import { fieldTypes, type ProfileSchema } from './field';
import { fieldsOf } from './fields-of';
import { scriptsOf, testNow } from './testing/arbitraries';
import { validateCondition } from './validate-condition';

const schema: ProfileSchema = {
  fields: fieldTypes.map((type) => ({ name: type === 'string[]' ? 'tags' : `${type}Field`, type })),
};
const leaf: Condition = { field: 'stringField', op: 'eq', value: 'x' };

function problemsOf(script: unknown): readonly { path: string; message: string }[] {
  const check = validateCondition(script, schema);
  return 'problems' in check ? check.problems.map(({ path, message }) => ({ path, message })) : [];
}

describe('a condition script', () => {
  it('comes back with its defaults said and its instants in UTC', () => {
    const script = {
      all: [
        { field: 'datetimeField', op: 'withinLast', value: { days: 7 } },
        { not: { field: 'datetimeField', op: 'eq', value: '2026-03-31T12:00+02:00' } },
        { any: [{ field: 'stringField', op: 'in', value: ['a', 'b', 'a'], ignoreCase: false }] },
      ],
    };
    expect(validateCondition(script, schema)).toEqual({
      condition: {
        all: [
          { field: 'datetimeField', op: 'withinLast', value: { days: 7, mode: 'rolling' }, timeZone: 'UTC' },
          { not: { field: 'datetimeField', op: 'eq', value: '2026-03-31T10:00:00.000Z' } },
          { any: [{ field: 'stringField', op: 'in', value: ['a', 'b'] }] },
        ],
      },
    });
  });

  it('once validated is valid and unchanged', () => {
    fc.assert(
      fc.property(scriptsOf(schema), (script) => {
        const first = validateCondition(script, schema);
        if ('problems' in first) throw new Error(JSON.stringify(first.problems));
        expect(validateCondition(JSON.parse(JSON.stringify(first.condition)), schema)).toEqual(first);
      }),
      { numRuns: 2000 },
    );
  });

  const refusals: readonly (readonly [script: unknown, path: string, message: string])[] = [
    [null, '', 'must be a condition'],
    [[], '', 'must be a condition'],
    [{}, '', 'must be a condition'],
    [{ all: [] }, '/all', 'at least one'],
    [{ all: {} }, '/all', 'a list of conditions'],
    [{ all: [leaf], any: [leaf] }, '/any', 'is not allowed here; allowed are all'],
    [{ any: [leaf, { not: { ...leaf, op: 'like' } }] }, '/any/1/not/op', 'eq, ne, in, notIn, contains'],
    [{ gcg: true }, '', 'uses "gcg", which conditions cannot do yet'],
    [{ interaction: { kind: 'purchase' }, count: {} }, '', 'uses "interaction"'],
    [{ ...leaf, field: 'nobody' }, '/field', 'name of a field'],
    [{ ...leaf, field: 'constructor' }, '/field', 'name of a field'],
    [{ ...leaf, 'a/b~': 1 }, '/a~1b~0', 'is not allowed here'],
    [{ ...leaf, value: 'a\0' }, '/value', 'NUL'],
    [{ ...leaf, value: '\ud800' }, '/value', 'surrogate'],
    [{ ...leaf, value: 'x'.repeat(4097) }, '/value', 'at most 4096'],
    [{ ...leaf, op: 'contains', value: '' }, '/value', 'must not be empty'],
    [{ ...leaf, ignoreCase: 'yes' }, '/ignoreCase', 'true or false'],
    [{ ...leaf, timeZone: 'UTC' }, '/timeZone', 'is not allowed with eq'],
    [{ ...leaf, op: 'in', value: Array(100_001).fill('x') }, '/value', 'at most 100000'],
    [{ ...leaf, op: 'in', value: ['x', 5] }, '/value/1', 'must be text'],
    [{ ...leaf, op: 'matches', value: '(?=a)' }, '/value', 'no look-around'],
    [{ field: 'integerField', op: 'eq', value: '5' }, '/value', 'whole number'],
    [{ field: 'integerField', op: 'eq', value: 2 ** 53 }, '/value', 'whole number'],
    [{ field: 'integerField', op: 'eq', value: 5, ignoreCase: true }, '/ignoreCase', 'where text is compared'],
    [{ field: 'integerField', op: 'between', value: { from: 2, to: 1 } }, '/value/to', 'must not be less than from'],
    [{ field: 'decimalField', op: 'eq', value: 0.1 + 0.2 }, '/value', '15 significant digits'],
    [{ field: 'booleanField', op: 'ne', value: true }, '/op', 'eq, empty, notEmpty'],
    [{ field: 'dateField', op: 'eq', value: '2026-02-30' }, '/value', 'existing day'],
    [{ field: 'dateField', op: 'empty', value: 1 }, '/value', 'is not allowed with empty'],
    [{ field: 'dateField', op: 'withinLast', value: { days: 0 } }, '/value/days', '1 to 36500'],
    [{ field: 'dateField', op: 'during', value: 'today', timeZone: '+02:00' }, '/timeZone', 'Europe/Berlin'],
    [{ field: 'dateField', op: 'weekday', value: [8] }, '/value/0', '1 (Monday) to 7'],
    [{ field: 'dateField', op: 'month', value: [1, 1] }, '/value/1', 'once'],
    [{ field: 'tags', op: 'sizeBetween', value: { from: -1, to: 2 } }, '/value', 'sizes from 0'],
  ];
  it.each(refusals.map(([script, path, message]) => [path, message, script] as const))(
    'is refused at %j: %s',
    (path, message, script) => {
      expect(problemsOf(script)).toContainEqual({ path, message: expect.stringContaining(message) });
    },
  );

  it('may be 16 deep and no deeper', () => {
    const nested = (depth: number): unknown => (depth === 1 ? leaf : { not: nested(depth - 1) });
    expect(problemsOf(nested(16))).toEqual([]);
    expect(problemsOf(nested(17))).toEqual([
      { path: '/not'.repeat(16), message: 'is nested too deep; at most 16 levels are allowed' },
    ]);
  });

  it('may have 500 groups and leaves and no more', () => {
    expect(problemsOf({ all: Array(499).fill(leaf) })).toEqual([]);
    expect(problemsOf({ any: [leaf, { all: Array(498).fill(leaf) }] })[0]).toEqual({
      path: '/any/1/all',
      message: 'has too many conditions; at most 500 are allowed in all',
    });
  });

  it('that is a million deep, or a million long, is refused without recursion', () => {
    let deep: unknown = leaf;
    for (let level = 0; level < 1_000_000; level++) deep = level % 2 ? { not: deep } : { all: [deep] };
    expect(problemsOf(deep)).toHaveLength(1);
    expect(problemsOf({ all: Array(1_000_000).fill({}) })).toHaveLength(1);
    expect(problemsOf({ ...leaf, value: deep })).toHaveLength(1);
  });

  it('with __proto__ as a member is refused, and changes no prototype', () => {
    const script: unknown = JSON.parse('{"__proto__":{"polluted":1},"field":"stringField","op":"eq","value":"x"}');
    expect(problemsOf(script)).toEqual([
      { path: '/__proto__', message: expect.stringContaining('is not allowed here') },
    ]);
    expect(problemsOf(Object.create({ all: [leaf] }))).toHaveLength(1);
    expect(({} as { polluted?: number }).polluted).toBeUndefined();
  });

  it('tells at most 100 problems', () => {
    expect(problemsOf({ all: Array(400).fill({}) })).toHaveLength(100);
  });
});

describe('hostile scripts', () => {
  const runs = process.env['SOAK'] === '1' ? 100_000 : 20_000;
  const canary = 'CANARY';
  const hostile = fc.oneof(
    fc.constantFrom<unknown>(null, NaN, -0, Infinity, '', canary, `'; DROP TABLE ${canary}; --`, '$1', `"${canary}"`),
    fc.constantFrom<unknown>('__proto__', 'constructor', [], {}, true, { all: 1 }, `^(${canary}+)+$`, `(?i)${canary}`),
    fc.string({ unit: 'binary' }).map((text) => canary + text),
    fc.anything({ maxDepth: 3 }),
    fc.jsonValue(),
  );
  const names = fc.constantFrom(
    'all',
    'any',
    'not',
    'field',
    'op',
    'value',
    'ignoreCase',
    'timeZone',
    'from',
    'to',
    'days',
    'mode',
    'gcg',
  );

  /** Replaces or adds something at one place of a script. */
  function spoilt(script: unknown, route: readonly number[], name: string, put: unknown): unknown {
    const [turn, ...rest] = route;
    if (typeof script !== 'object' || script === null || turn === undefined) return put;
    if (Array.isArray(script)) {
      const copy: unknown[] = [...(script as unknown[])];
      const at = turn % (copy.length + 1);
      copy[at] = spoilt(copy[at], rest, name, put);
      return copy;
    }
    const keys = [...Object.keys(script), name];
    const key = keys[turn % keys.length] ?? name;
    return { ...script, [key]: spoilt((script as Record<string, unknown>)[key], rest, name, put) };
  }

  it(`${runs} of them crash nothing, and put no literal into SQL`, () => {
    let accepted = 0;
    const route = fc.array(fc.nat(7), { minLength: 1, maxLength: 5 });
    fc.assert(
      fc.property(scriptsOf(schema), route, names, hostile, (script, turns, name, put) => {
        const check = validateCondition(spoilt(script, turns, name, put), schema);
        if ('problems' in check) return expect(check.problems.length).toBeGreaterThan(0);
        accepted++;
        const compiled = compileSql(check.condition, { schema, column: (field) => field, now: testNow });
        // What stands in quotes was written here.
        const withoutColumns = compiled.where.replace(/"(\w+Field|tags)"/g, 'column');
        expect(withoutColumns).not.toMatch(/"|CANARY|--|;/);
        expect(
          (withoutColumns.match(/'[^']*'/g) ?? []).filter((text) => !["''", "'{}'", "'UTC'"].includes(text)),
        ).toEqual([]);
        prepare(check.condition, { schema, now: testNow })({ stringField: 'x' });
        expect(typeof inEnglish(check.condition)).toBe('string');
        expect(fieldsOf(check.condition).length).toBeGreaterThan(0);
      }),
      { numRuns: runs },
    );
    expect(accepted).toBeGreaterThan(runs / 200);
  }, 600_000);

  it('that are valid carry their literals in the parameters only', () => {
    fc.assert(
      fc.property(scriptsOf(schema), fc.string({ unit: 'binary', maxLength: 20 }), (script, tail) => {
        const marked: unknown = JSON.parse(
          JSON.stringify(script, (key, value: unknown) =>
            key === 'value' && typeof value === 'string' && !/^\d{4}-|^(today|yesterday|last|this)/.test(value)
              ? `'CANARY"${tail.replaceAll(/[^\w '";$-]/g, '')}`
              : value,
          ),
        );
        const check = validateCondition(marked, schema);
        if ('problems' in check) return;
        const compiled = compileSql(check.condition, { schema, column: (field) => field, now: testNow });
        expect(compiled.where).not.toContain('CANARY');
        const placeholders = new Set(compiled.where.match(/\$\d+/g) ?? []);
        expect(placeholders).toEqual(new Set(compiled.parameters.map((_, index) => `$${index + 1}`)));
      }),
      { numRuns: 5000 },
    );
  });
});
