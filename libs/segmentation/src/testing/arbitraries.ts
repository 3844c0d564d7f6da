import fc from 'fast-check';
import type { Condition, FieldCondition } from '../condition';
import { fieldTypes, type Attributes, type AttributeValue, type FieldDefinition, type ProfileSchema } from '../field';

/** Few and nasty, so that values and literals meet. */
const texts = fc.oneof(
  {
    weight: 4,
    arbitrary: fc.constantFrom('a', 'A', 'ab', 'aB', 'Ä', 'ä', 'İ', 'i', 'i̇', 'Σ', 'σ', 'ς', 'ß', 'ẞ', '😀', ''),
  },
  {
    weight: 2,
    arbitrary: fc.constantFrom(
      "'",
      '"',
      '\\',
      '$1',
      '%_',
      'a\nb',
      '\n',
      ' ',
      '{}',
      '{a,b}',
      'NULL',
      '\u{10450}',
      '\uFFFF',
    ),
  },
  {
    weight: 2,
    arbitrary: fc.string({
      unit: fc.constantFrom('a', 'b', 'A', 'É', 'é', '1', '_', ' ', '😀', '.', '\r'),
      maxLength: 6,
    }),
  },
  { weight: 1, arbitrary: fc.string({ unit: 'binary', maxLength: 8 }).filter((text) => !text.includes('\0')) },
);
const integers = fc.oneof(
  fc.integer({ min: -3, max: 3 }),
  fc.constantFrom(Number.MAX_SAFE_INTEGER, Number.MIN_SAFE_INTEGER, 2 ** 31, -(2 ** 31) - 1),
);
const decimals = fc.oneof(
  fc.integer({ min: -20, max: 20 }).map((tenths) => tenths / 10),
  fc.constantFrom(0.1, 0.3, 99999999999999.9, -99999999999999.9, 1e-15, 999999999999999, 1e-7),
);
/** The moment of every comparison in these tests: in Berlin an hour after the clocks went forward. */
export const testNow = new Date('2026-03-29T02:30:15.250Z');
const dayLength = 86_400_000;
const dates = fc.oneof(
  fc
    .integer({ min: -40, max: 40 })
    .map((days) => new Date(testNow.getTime() + days * dayLength).toISOString().slice(0, 10)),
  fc.constantFrom('0001-01-01', '9999-12-31', '2024-02-29', '2025-02-28', '1900-02-28', '2026-12-31', '2026-01-01'),
);
const instants = fc.oneof(
  fc.integer({ min: -900, max: 900 }).map((hours) => new Date(Date.UTC(2026, 2, 29) + hours * 3_600_000).toISOString()),
  fc.integer({ min: -40, max: 40 }).map((days) => new Date(testNow.getTime() + days * dayLength).toISOString()),
  fc.constantFrom(
    '0001-01-01T00:00:00.000Z',
    '9999-12-31T23:59:59.999Z',
    '2024-02-29T12:00:00.000Z',
    '1890-07-01T00:00:00.001Z',
  ),
);
const lists = fc.uniqueArray(fc.oneof(texts), { maxLength: 5 });

const valuesOf: Readonly<Record<FieldDefinition['type'], fc.Arbitrary<AttributeValue>>> = {
  string: texts,
  integer: integers,
  decimal: decimals,
  boolean: fc.boolean(),
  date: dates,
  datetime: instants,
  'string[]': lists,
};

/** A schema of one to seven fields. */
export const schemas: fc.Arbitrary<ProfileSchema> = fc
  .array(fc.constantFrom(...fieldTypes), { minLength: 1, maxLength: 7 })
  .map((types) => ({ fields: types.map((type, index) => ({ name: `field${index}`, type })) }));

export function profilesOf(schema: ProfileSchema, count: number): fc.Arbitrary<Attributes[]> {
  const members = schema.fields.map(({ name, type }) => [name, fc.option(valuesOf[type], { freq: 5 })] as const);
  return fc.array(fc.record(Object.fromEntries(members)), { minLength: count, maxLength: count });
}

const timeZone = fc.constantFrom(
  'UTC',
  'Europe/Berlin',
  'America/New_York',
  'Pacific/Apia',
  'Asia/Kathmandu',
  'America/St_Johns',
);
const presence = fc.record({ op: fc.constantFrom('empty', 'notEmpty') });
const foldable = { ignoreCase: fc.boolean() };
const nonEmpty = texts.filter((text) => text !== '');

interface DrawnPattern {
  readonly text: string;
  /** Holds ^ or $, and so must not be repeated. */
  readonly anchored: boolean;
}
const plain = fc
  .constantFrom(
    ...['a', 'b', 'A', 'é', 'É', '😀', '.', '\\d', '\\W', '\\s', '\\S', '\\.', '\\$', '\\n', ' ', "'", '-', ']', '}'],
    ...['[a-c]', '[^a]', '[É-é]', '[\\d_]', '[^\\n]', '[\\]-a]', '[-a]', '[😀a]', '[^\\w]', '[A-Z]', '[b^]', '[a-]'],
  )
  .map((text): DrawnPattern => ({ text, anchored: false }));
const anchor = fc.constantFrom('^', '$').map((text): DrawnPattern => ({ text, anchored: true }));
const count = fc.constantFrom('', '', '', '*', '+', '?', '{2}', '{0,2}', '{1,}', '{0}');

/** Patterns of the subset, built up from their parts. */
export const patterns: fc.Arbitrary<string> = fc
  .letrec<{ atom: DrawnPattern; branch: DrawnPattern; pattern: DrawnPattern }>((tie) => ({
    atom: fc.oneof(
      { maxDepth: 3 },
      { weight: 5, arbitrary: plain },
      { weight: 1, arbitrary: anchor },
      {
        weight: 1,
        arbitrary: fc
          .tuple(fc.constantFrom('(', '(?:'), tie('pattern'))
          .map(([open, { text, anchored }]) => ({ text: `${open}${text})`, anchored })),
      },
    ),
    branch: fc.array(fc.tuple(tie('atom'), count), { minLength: 1, maxLength: 4 }).map((parts) => ({
      text: parts.map(([{ text, anchored }, times]) => (anchored ? text : text + times)).join(''),
      anchored: parts.some(([{ anchored }]) => anchored),
    })),
    pattern: fc.array(tie('branch'), { minLength: 1, maxLength: 2 }).map((branches) => ({
      text: branches.map(({ text }) => text).join('|'),
      anchored: branches.some(({ anchored }) => anchored),
    })),
  }))
  .pattern.map(({ text }) => text);

function ordered(values: fc.Arbitrary<AttributeValue>): fc.Arbitrary<object> {
  return fc.oneof(
    fc.record({ op: fc.constantFrom('eq', 'ne', 'lt', 'lte', 'gt', 'gte'), value: values }),
    fc
      .tuple(values, values)
      .map(([a, b]) => ({ op: 'between', value: a <= b ? { from: a, to: b } : { from: b, to: a } })),
  );
}

const days = fc.integer({ min: 1, max: 40 });
const relative = fc.oneof(
  fc.record({
    op: fc.constantFrom('withinLast', 'withinNext', 'olderThan'),
    value: fc.record({ days, mode: fc.constantFrom('rolling', 'calendar') }),
    timeZone,
  }),
  fc.record({
    op: fc.constantFrom('before', 'after'),
    value: fc.oneof(
      dates.filter((day) => day > '0002' && day < '9998'),
      fc.record({ days: fc.integer({ min: -40, max: 40 }) }),
    ),
    timeZone,
  }),
  fc.record({
    op: fc.constant('anniversaryWithin'),
    value: fc.record({ days: fc.integer({ min: 0, max: 364 }) }),
    timeZone,
  }),
  fc.record({
    op: fc.constant('weekday'),
    value: fc.uniqueArray(fc.integer({ min: 1, max: 7 }), { minLength: 1, maxLength: 7 }),
    timeZone,
  }),
  fc.record({
    op: fc.constant('month'),
    value: fc.uniqueArray(fc.integer({ min: 1, max: 12 }), { minLength: 1, maxLength: 12 }),
    timeZone,
  }),
  fc.record({
    op: fc.constant('during'),
    value: fc.constantFrom('today', 'yesterday', 'last7Days', 'last30Days', 'thisMonth', 'lastMonth', 'thisYear'),
    timeZone,
  }),
);

const operandsOf: Readonly<Record<FieldDefinition['type'], fc.Arbitrary<object>>> = {
  string: fc.oneof(
    presence,
    fc.record({ op: fc.constantFrom('eq', 'ne'), value: texts, ...foldable }),
    fc.record({
      op: fc.constantFrom('in', 'notIn'),
      value: fc.uniqueArray(texts, { minLength: 1, maxLength: 12 }),
      ...foldable,
    }),
    fc.record({
      op: fc.constantFrom('contains', 'notContains', 'startsWith', 'endsWith'),
      value: nonEmpty,
      ...foldable,
    }),
    fc.record({ op: fc.constant('matches'), value: patterns, ...foldable }),
  ),
  integer: fc.oneof(presence, ordered(integers)),
  decimal: fc.oneof(presence, ordered(decimals)),
  boolean: fc.oneof(presence, fc.record({ op: fc.constant('eq'), value: fc.boolean() })),
  date: fc.oneof(presence, ordered(dates), relative),
  datetime: fc.oneof(presence, ordered(instants), relative),
  'string[]': fc.oneof(
    presence,
    fc.record({
      op: fc.constantFrom('hasAny', 'hasAll', 'hasNone'),
      value: fc.uniqueArray(texts, { minLength: 1, maxLength: 12 }),
    }),
    fc
      .tuple(fc.integer({ min: 0, max: 5 }), fc.integer({ min: 0, max: 5 }))
      .map(([a, b]) => ({ op: 'sizeBetween', value: { from: Math.min(a, b), to: Math.max(a, b) } })),
  ),
};

/** Scripts that a schema allows, not yet validated. */
export function scriptsOf(schema: ProfileSchema): fc.Arbitrary<Condition> {
  const leaf = fc
    .constantFrom(...schema.fields)
    .chain((field) => operandsOf[field.type].map((operand) => ({ field: field.name, ...operand }) as FieldCondition));
  return fc.letrec<{ condition: Condition }>((tie) => {
    const parts = fc.array(tie('condition'), { minLength: 1, maxLength: 4 });
    return {
      condition: fc.oneof(
        { maxDepth: 3, depthSize: 'small' },
        { weight: 3, arbitrary: leaf },
        { weight: 1, arbitrary: parts.map((all) => ({ all })) },
        { weight: 1, arbitrary: parts.map((any) => ({ any })) },
        { weight: 1, arbitrary: tie('condition').map((not) => ({ not })) },
      ),
    };
  }).condition;
}
