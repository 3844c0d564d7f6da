import { stratumHash } from './naive-assignment';

export interface Attributes {
  readonly age: number | null;
  readonly city: string | null;
  readonly vip: boolean | null;
}

type Bucket =
  { readonly values: readonly (string | number | boolean)[] } | { readonly from?: number; readonly to?: number };

interface Field {
  readonly field: keyof Attributes;
  readonly buckets: readonly Bucket[];
}

/** What is sent to Muster as it stands here. Compared by identity: these few are all there are. */
export interface Strata {
  readonly name: string;
  readonly fields: readonly Field[];
}

const city: Field = { field: 'city', buckets: [{ values: ['Oslo'] }, { values: ['Narvik', 'Bergen'] }] };
const age: Field = { field: 'age', buckets: [{ to: 30 }, { from: 30, to: 60 }, { from: 60 }] };
const vip: Field = { field: 'vip', buckets: [{ values: [true] }, { values: [false] }] };

/** Each with other fields than the others: what a change of buckets alone does is another rule. */
export const STRATIFICATIONS: readonly Strata[] = [
  { name: 'city', fields: [city] },
  { name: 'age', fields: [age] },
  { name: 'vip x city', fields: [vip, city] },
  { name: 'age x city x vip', fields: [age, city, vip] },
];

/** Hashes of all strata in their canonical order, by hash, the residual one last. */
export function strataOf(strata: Strata | null): string[] {
  if (strata === null) return [stratumHash('{}')];
  let cells: Record<string, string>[] = [{}];
  for (const { field, buckets } of strata.fields) {
    cells = cells.flatMap((cell) => buckets.map((bucket) => ({ ...cell, [field]: canonical(bucket) })));
  }
  return [...cells.map(hashOf).sort(), stratumHash('null')];
}

export function stratumOf(strata: Strata | null, attributes: Attributes): string {
  if (strata === null) return stratumHash('{}');
  const cell: Record<string, string> = {};
  for (const { field, buckets } of strata.fields) {
    const bucket = buckets.find((each) => holds(each, attributes[field]));
    if (!bucket) return stratumHash('null');
    cell[field] = canonical(bucket);
  }
  return hashOf(cell);
}

function holds(bucket: Bucket, value: string | number | boolean | null): boolean {
  if (value === null) return false;
  if ('values' in bucket) return bucket.values.includes(value);
  return typeof value === 'number' && value >= (bucket.from ?? -Infinity) && value < (bucket.to ?? Infinity);
}

function canonical(bucket: Bucket): string {
  if ('values' in bucket) return `{"values":${JSON.stringify([...bucket.values].sort())}}`;
  const from = bucket.from === undefined ? [] : [`"from":${String(bucket.from)}`];
  const to = bucket.to === undefined ? [] : [`"to":${String(bucket.to)}`];
  return `{${[...from, ...to].join(',')}}`;
}

function hashOf(cell: Readonly<Record<string, string>>): string {
  const members = Object.keys(cell).sort();
  return stratumHash(`{${members.map((member) => `"${member}":${cell[member] ?? ''}`).join(',')}}`);
}
