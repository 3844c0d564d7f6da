import { canonicalJson, sha256Hex } from '@muster/kernel';
import { comparable, type StratumFieldType } from './field-values';

export type StratumValue = string | number | boolean;

/** Profiles with one of the values, or with a value in [from, to); `label` is for people and changes nothing. */
export type Bucket = ValuesBucket | RangeBucket;

export interface ValuesBucket {
  readonly label?: string;
  readonly values: readonly StratumValue[];
}

export interface RangeBucket {
  readonly label?: string;
  readonly from?: number | string;
  readonly to?: number | string;
}

export interface StratificationField {
  readonly field: string;
  readonly type: StratumFieldType;
  readonly buckets: readonly Bucket[];
}

/** The fields whose buckets' cross product are the strata. Without fields everyone is in one stratum. */
export interface StratificationDefinition {
  readonly fields: readonly StratificationField[];
}

export interface Stratum {
  /** Its index in canonical order. */
  readonly code: number;
  /** 16 hex digits: what the method knows it by. */
  readonly hash: string;
  /** The label of its bucket per field; null for the residual stratum, of those who fit no bucket of some field. */
  readonly labels: Readonly<Record<string, string>> | null;
}

export type StratumAttributes = Readonly<Record<string, StratumValue | null | undefined>>;

type CanonicalBucket =
  { readonly values: readonly StratumValue[] } | { readonly from?: StratumValue; readonly to?: StratumValue };

export function isValuesBucket(bucket: Bucket): bucket is ValuesBucket {
  return 'values' in bucket;
}

/**
 * The first 16 hex digits of SHA-256 over the canonical JSON of a stratum's definition: the bucket of each field, values
 * sorted (`{"age":{"from":18,"to":25},"sex":{"values":["f"]}}`); that of the residual stratum is `null`.
 */
export function stratumHash(definition: Readonly<Record<string, CanonicalBucket>> | null): string {
  return sha256Hex(canonicalJson(definition)).slice(0, 16);
}

/**
 * The strata of a valid definition in canonical order: by hash, the residual one last. The order of fields, buckets and
 * values in the settings changes nothing; without fields there is one stratum and no residual.
 */
export function strataOf(definition: StratificationDefinition): Stratum[] {
  return compiled(definition).strata;
}

/** The stratum of a profile by its attributes: the reference evaluator. For many profiles see {@link stratumCoder}. */
export function stratumCodeOf(definition: StratificationDefinition, attributes: StratumAttributes): number {
  return stratumCoder(definition)(attributes);
}

/** {@link stratumCodeOf}, prepared once. Missing values, and those of another type, fit no bucket. */
export function stratumCoder(definition: StratificationDefinition): (attributes: StratumAttributes) => number {
  const { codes, strata } = compiled(definition);
  const residual = strata.length - 1;
  const finders = definition.fields.map((field) => ({
    field: field.field,
    find: bucketFinder(field),
    size: field.buckets.length,
  }));
  return (attributes) => {
    let cell = 0;
    for (const { field, find, size } of finders) {
      const bucket = Object.hasOwn(attributes, field) ? find(attributes[field]) : -1;
      if (bucket < 0) return residual;
      cell = cell * size + bucket;
    }
    return codes[cell]!;
  };
}

/** `codes[cell]` for the cells of the cross product, the buckets of the last field running fastest. */
function compiled({ fields }: StratificationDefinition): { codes: number[]; strata: Stratum[] } {
  const cells = fields.reduce<(readonly Bucket[])[]>(
    (prefixes, { buckets }) => prefixes.flatMap((prefix) => buckets.map((bucket) => [...prefix, bucket])),
    [[]],
  );
  const ordered = cells
    .map((buckets, cell) => ({ cell, hash: hashOf(fields, buckets), labels: labelsOf(fields, buckets) }))
    .sort((a, b) => (a.hash < b.hash ? -1 : a.hash > b.hash ? 1 : 0));
  const codes = new Array<number>(cells.length);
  ordered.forEach(({ cell }, code) => (codes[cell] = code));
  const strata: Stratum[] = ordered.map(({ hash, labels }, code) => ({ code, hash, labels }));
  if (fields.length > 0) strata.push({ code: strata.length, hash: stratumHash(null), labels: null });
  return { codes, strata };
}

function hashOf(fields: readonly StratificationField[], buckets: readonly Bucket[]): string {
  const entries = fields.map(({ field, type }, i) => [field, canonicalBucket(type, buckets[i]!)] as const);
  return stratumHash(Object.fromEntries(entries));
}

function labelsOf(fields: readonly StratificationField[], buckets: readonly Bucket[]): Record<string, string> {
  return Object.fromEntries(fields.map(({ field }, i) => [field, labelOf(buckets[i]!)]));
}

function labelOf(bucket: Bucket): string {
  if (bucket.label !== undefined) return bucket.label;
  if (isValuesBucket(bucket)) return bucket.values.join(', ');
  return `[${bucket.from ?? '…'}, ${bucket.to ?? '…'})`;
}

function canonicalBucket(type: StratumFieldType, bucket: Bucket): CanonicalBucket {
  const canonical = (value: StratumValue): StratumValue => {
    const key = comparable(type, value);
    if (key === undefined) throw new RangeError('the stratification was not validated');
    return key;
  };
  if (isValuesBucket(bucket)) {
    return { values: bucket.values.map(canonical).sort((a, b) => (a < b ? -1 : a > b ? 1 : 0)) };
  }
  return {
    ...(bucket.from === undefined ? {} : { from: canonical(bucket.from) }),
    ...(bucket.to === undefined ? {} : { to: canonical(bucket.to) }),
  };
}

function bucketFinder({ type, buckets }: StratificationField): (value: StratumValue | null | undefined) => number {
  const byValue = new Map<StratumValue, number>();
  const ranges: { from: StratumValue | undefined; to: StratumValue | undefined; index: number }[] = [];
  buckets.forEach((bucket, index) => {
    const canonical = canonicalBucket(type, bucket);
    if ('values' in canonical) for (const value of canonical.values) byValue.set(value, index);
    else ranges.push({ from: canonical.from, to: canonical.to, index });
  });
  return (value) => {
    const key = value === null || value === undefined ? undefined : comparable(type, value);
    if (key === undefined) return -1;
    const exact = byValue.get(key);
    if (exact !== undefined) return exact;
    const range = ranges.find(({ from, to }) => (from === undefined || key >= from) && (to === undefined || key < to));
    return range?.index ?? -1;
  };
}
