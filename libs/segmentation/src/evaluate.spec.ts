import { RE2JS } from 're2js';
import type { Condition } from './condition';
import { describe as inEnglish } from './describe';
import { evaluate, explain } from './evaluate';
import type { Attributes, ProfileSchema } from './field';
import { fieldsOf } from './fields-of';
import { parsePattern } from './pattern';
import { re2Pattern } from './re2-pattern';
import { validateCondition } from './validate-condition';

const schema: ProfileSchema = {
  fields: [
    { name: 'city', type: 'string' },
    { name: 'age', type: 'integer' },
    { name: 'born', type: 'date' },
    { name: 'bought', type: 'datetime' },
    { name: 'tags', type: 'string[]' },
  ],
};

function holds(script: Condition, attributes: Attributes, now = '2026-03-29T10:00:00Z'): boolean {
  const check = validateCondition(script, schema);
  if ('problems' in check) throw new Error(JSON.stringify(check.problems));
  return evaluate(check.condition, attributes, { schema, now: new Date(now) });
}

describe('a missing value', () => {
  it.each<[Condition, boolean]>([
    [{ field: 'city', op: 'eq', value: 'x' }, false],
    [{ field: 'city', op: 'ne', value: 'x' }, true],
    [{ field: 'city', op: 'in', value: ['x'] }, false],
    [{ field: 'city', op: 'notIn', value: ['x'] }, true],
    [{ field: 'city', op: 'contains', value: 'x' }, false],
    [{ field: 'city', op: 'notContains', value: 'x' }, true],
    [{ field: 'city', op: 'matches', value: 'x*' }, false],
    [{ field: 'city', op: 'empty' }, true],
    [{ field: 'city', op: 'notEmpty' }, false],
    [{ field: 'age', op: 'lt', value: 5 }, false],
    [{ field: 'age', op: 'gte', value: 5 }, false],
    [{ not: { field: 'age', op: 'lt', value: 5 } }, true],
    [{ field: 'tags', op: 'hasAny', value: ['x'] }, false],
    [{ field: 'tags', op: 'hasNone', value: ['x'] }, true],
    [{ field: 'tags', op: 'sizeBetween', value: { from: 0, to: 1 } }, false],
    [{ field: 'born', op: 'olderThan', value: { days: 1 } }, false],
  ])('meets %j: %s', (condition, expected) => {
    expect(holds(condition, {})).toBe(expected);
    expect(holds(condition, { city: null, age: null, born: null, tags: null })).toBe(expected);
  });
});

describe('periods', () => {
  it.each<[string, boolean]>([
    ['2023-04-10', true],
    ['2023-04-16', true],
    ['2023-04-17', false],
  ])('a purchase on Sunday 9 April 2023 is in the last 7 calendar days on %s: %s', (today, expected) => {
    const condition: Condition = {
      field: 'bought',
      op: 'withinLast',
      value: { days: 7, mode: 'calendar' },
      timeZone: 'Europe/Moscow',
    };
    expect(holds(condition, { bought: '2023-04-09T12:00:00.000Z' }, `${today}T03:00:00Z`)).toBe(expected);
  });

  it('rolling days have 24 hours, also when the clocks change: (now - n x 24 h, now]', () => {
    const condition: Condition = { field: 'bought', op: 'withinLast', value: { days: 1 }, timeZone: 'Europe/Berlin' };
    expect(holds(condition, { bought: '2026-03-28T10:00:00.000Z' })).toBe(false);
    expect(holds(condition, { bought: '2026-03-28T10:00:00.001Z' })).toBe(true);
    expect(holds(condition, { bought: '2026-03-29T10:00:00.000Z' })).toBe(true);
    expect(holds(condition, { bought: '2026-03-29T10:00:00.001Z' })).toBe(false);
  });

  it('a birthday on 29 February comes round on the 28th in a common year', () => {
    const condition: Condition = { field: 'born', op: 'anniversaryWithin', value: { days: 0 } };
    expect(holds(condition, { born: '2000-02-29' }, '2026-02-28T00:00:00Z')).toBe(true);
    expect(holds(condition, { born: '2000-02-29' }, '2028-02-28T00:00:00Z')).toBe(false);
    expect(holds(condition, { born: '2000-02-29' }, '2028-02-29T00:00:00Z')).toBe(true);
  });
});

describe('patterns', () => {
  it('are linear: ^(a+)+$ on a long text that almost matches', () => {
    const compiled = RE2JS.compile(re2Pattern(parsePattern('^(a+)+$')));
    const started = process.cpuUsage().user;
    expect(compiled.matcher(`${'a'.repeat(4000)}!`).find()).toBe(false);
    expect(process.cpuUsage().user - started).toBeLessThan(2_000_000);
  });

  it.each([
    ...[
      '(',
      ')',
      'a)',
      '[',
      '[]',
      '[b-a]',
      'a**',
      'a+?',
      '*a',
      '^*',
      '(^a)+',
      'a{256}',
      'a{2,1}',
      '{',
      'a|',
      '()',
      '\\',
    ],
    ...[
      '(a)\\1',
      '\\b',
      '\\pL',
      '(?i)a',
      '(?<n>a)',
      '(?=a)',
      '(?<!a)',
      '[[:alpha:]]',
      '[\\D]',
      '\\x41',
      '(a{100}){100}',
    ],
  ])('%s is refused', (pattern) => {
    expect(() => parsePattern(pattern)).toThrow(/is not a pattern that can be used: it .* \(at character \d+\)/);
  });

  it('are searched for anywhere; $ is the very end; the dot is no line feed', () => {
    expect(holds({ field: 'city', op: 'matches', value: 'b.d' }, { city: 'abcde' })).toBe(true);
    expect(holds({ field: 'city', op: 'matches', value: 'a$' }, { city: 'a\n' })).toBe(false);
    expect(holds({ field: 'city', op: 'matches', value: 'a.b' }, { city: 'a\nb' })).toBe(false);
    expect(holds({ field: 'city', op: 'matches', value: '^Ä[A-C]$', ignoreCase: true }, { city: 'äC' })).toBe(true);
  });
});

describe('screens', () => {
  const condition: Condition = {
    all: [
      { field: 'city', op: 'in', value: ['Bonn', 'Kiel', 'Ulm', 'Trier'], ignoreCase: true },
      { any: [{ field: 'age', op: 'gte', value: 18 }, { not: { field: 'tags', op: 'hasAny', value: ['vip'] } }] },
      { field: 'bought', op: 'during', value: 'last7Days', timeZone: 'Europe/Berlin' },
    ],
  };

  it('show a condition in one line', () => {
    expect(inEnglish(condition)).toBe(
      'city is one of "Bonn", "Kiel", "Ulm" and 1 more (any case) and (age >= 18 or not (tags has any of "vip")) ' +
        'and bought is in the last 7 days (Europe/Berlin)',
    );
  });

  it('are told which leaf holds, with the value seen', () => {
    const now = new Date('2026-03-29T10:00:00Z');
    const seen = explain(condition, { city: 'KIEL', age: 17, tags: null }, { schema, now });
    expect(seen.map(({ path, holds: held, value }) => [path, held, value])).toEqual([
      ['/all/0', true, 'KIEL'],
      ['/all/1/any/0', false, 17],
      ['/all/1/any/1/not', false, null],
      ['/all/2', false, null],
    ]);
  });

  it('name the fields of a condition once', () => {
    expect(fieldsOf({ any: [condition, { not: condition }] })).toEqual(['age', 'bought', 'city', 'tags']);
  });
});
