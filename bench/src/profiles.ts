import { createWriteStream } from 'node:fs';
import { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';

const MARITAL = ['married', 'single', 'divorced'];
const EDUCATION = ['primary', 'secondary', 'tertiary', 'unknown'];
const JOBS = ['admin', 'services', 'technician', 'management', 'retired', 'student', 'self-employed'];
const CITIES = ['Bergen', 'Oslo', 'København', 'Malmö', 'Göteborg', 'Turku', 'Aarhus', 'Łódź'];

/** Of a hundred profiles, those that the headline's condition does not select. */
export const IN_DEFAULT_PERCENT = 5;

export const FIELDS = [
  { name: 'age', type: 'integer' },
  { name: 'job', type: 'string' },
  { name: 'marital', type: 'string' },
  { name: 'education', type: 'string' },
  { name: 'city', type: 'string' },
  { name: 'in_default', type: 'boolean' },
  { name: 'housing', type: 'boolean' },
  { name: 'balance', type: 'decimal' },
  { name: 'score', type: 'decimal' },
  { name: 'points', type: 'integer' },
  { name: 'birthday', type: 'date' },
  { name: 'seen_at', type: 'datetime' },
] as const;

/** 3 x 4 = 12 strata (and the residual one, which nobody is in). */
export const STRATIFICATION = {
  fields: [
    { field: 'marital', buckets: MARITAL.map((value) => ({ values: [value] })) },
    { field: 'education', buckets: EDUCATION.map((value) => ({ values: [value] })) },
  ],
};

/** The same strata in plain SQL. */
export function stratumSql(column: (field: string) => string): string {
  const index = (field: string, values: readonly string[]): string =>
    `CASE ${column(field)} ${values.map((value, i) => `WHEN '${value}' THEN ${String(i)}`).join(' ')} END`;
  return `(${index('marital', MARITAL)} * ${String(EDUCATION.length)} + ${index('education', EDUCATION)})::smallint`;
}

/** A selection as the API takes it and as plain SQL has it. */
export interface Selected {
  readonly name: string;
  readonly condition: { readonly all: readonly { field: string; op: string; value: unknown }[] };
  sql(column: (field: string) => string): string;
}

/** 95 of 100 profiles. */
export const BROAD: Selected = {
  name: 'broad',
  condition: {
    all: [
      { field: 'age', op: 'gte', value: 18 },
      { field: 'in_default', op: 'eq', value: false },
    ],
  },
  sql: (column) => `${column('age')} >= 18 AND ${column('in_default')} = false`,
};

/** About 10 of 100 profiles. */
export const NARROW: Selected = {
  name: 'narrow',
  condition: {
    all: [
      { field: 'score', op: 'lt', value: 0.1 },
      { field: 'age', op: 'gte', value: 18 },
    ],
  },
  sql: (column) => `${column('score')} < 0.1 AND ${column('age')} >= 18`,
};

/** Writes `count` profiles as CSV, the same ones every time. */
export async function writeCsv(file: string, count: number): Promise<void> {
  await pipeline(Readable.from(lines(count)), createWriteStream(file));
}

function* lines(count: number): Generator<string> {
  yield `externalId,${FIELDS.map(({ name }) => name).join(',')}\n`;
  let text = '';
  for (let i = 0; i < count; i++) {
    text += line(i);
    if (text.length < 65_536) continue;
    yield text;
    text = '';
  }
  yield text;
}

function line(i: number): string {
  const random = (salt: number): number => mixed(i * 16 + salt);
  const one = (values: readonly string[], salt: number): string => values[random(salt) % values.length] ?? '';
  const two = (n: number): string => String(n).padStart(2, '0');
  const day = `${two(1 + (random(0) % 12))}-${two(1 + ((random(0) >>> 8) % 28))}`;
  return [
    `customer-${random(15).toString(16).padStart(8, '0')}-${i.toString(36)}`,
    18 + (random(1) % 60),
    one(JOBS, 2),
    one(MARITAL, 3),
    one(EDUCATION, 4),
    (random(0) & 7) === 0 ? `"${one(CITIES, 5)}, centre"` : one(CITIES, 5),
    random(6) % 100 < IN_DEFAULT_PERCENT,
    (random(7) & 1) === 0,
    ((random(8) % 1_200_000) / 100 - 900).toFixed(2),
    ((random(9) % 1_000) / 1_000).toFixed(3),
    random(10) % 100_000,
    `${String(1940 + (random(11) % 65))}-${day}`,
    `2026-${day}T${two(random(12) % 24)}:${two((random(12) >>> 5) % 60)}:${two((random(12) >>> 11) % 60)}Z\n`,
  ].join(',');
}

/** Spreads the bits of a 32-bit number (finaliser of MurmurHash3). */
function mixed(n: number): number {
  let h = n >>> 0;
  h = Math.imul(h ^ (h >>> 16), 0x85ebca6b);
  h = Math.imul(h ^ (h >>> 13), 0xc2b2ae35);
  return (h ^ (h >>> 16)) >>> 0;
}
