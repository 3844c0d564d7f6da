import type { FieldProblem } from '@muster/kernel';
import { comparable, isOrdered, STRATUM_FIELD_TYPES, VALUE_FORMS } from './field-values';
import { isValuesBucket } from './stratification';
import type { StratificationDefinition, StratificationField, StratumValue } from './stratification';

/** At most so many strata in the cross product, the residual one apart. */
export const MOST_STRATA = 1_000;
/** At most so many fields. */
export const MOST_STRATUM_FIELDS = 10;
/** At most so many values in the buckets of one field. */
export const MOST_STRATUM_VALUES = 10_000;

/** A bucket as one interval or one value of it, with the place it came from. */
interface Extent {
  readonly bucket: number;
  readonly path: string;
  /** undefined: open. A single value has `from` = `to` and includes it. */
  readonly from: StratumValue | undefined;
  readonly to: StratumValue | undefined;
  readonly isValue: boolean;
}

/**
 * What is wrong with a definition; empty if nothing is. Refused are: fields named twice, fields without buckets, empty
 * buckets, values of another type, buckets that overlap, and more than {@link MOST_STRATA} strata.
 *
 * @param path JSON pointer to the definition in the body, put before each path. Messages hold no values.
 */
export function validateStratification(definition: StratificationDefinition, path = ''): FieldProblem[] {
  const { fields } = definition;
  if (fields.length > MOST_STRATUM_FIELDS) {
    return [{ path: `${path}/fields`, message: `at most ${MOST_STRATUM_FIELDS} fields, not ${fields.length}` }];
  }
  const strata = fields.reduce((product, { buckets }) => product * Math.max(1, buckets.length), 1);
  if (strata > MOST_STRATA) {
    return [
      { path: `${path}/fields`, message: `the buckets make ${strata} strata; at most ${MOST_STRATA} are allowed` },
    ];
  }
  return fields.flatMap((field, i) => {
    const at = `${path}/fields/${i}`;
    const isRepeated = fields.findIndex((other) => other.field === field.field) < i;
    return [
      ...(field.field === '' ? [{ path: `${at}/field`, message: 'a field needs a name' }] : []),
      ...(isRepeated ? [{ path: `${at}/field`, message: 'the field is named twice' }] : []),
      ...problemsOfField(field, at),
    ];
  });
}

function problemsOfField(field: StratificationField, path: string): FieldProblem[] {
  if (!STRATUM_FIELD_TYPES.includes(field.type)) {
    return [{ path: `${path}/type`, message: `one of ${STRATUM_FIELD_TYPES.join(', ')}` }];
  }
  if (field.buckets.length === 0) return [{ path: `${path}/buckets`, message: 'a field needs at least one bucket' }];
  const values = field.buckets.reduce((sum, bucket) => sum + (isValuesBucket(bucket) ? bucket.values.length : 0), 0);
  if (values > MOST_STRATUM_VALUES) {
    return [{ path: `${path}/buckets`, message: `at most ${MOST_STRATUM_VALUES} values, not ${values}` }];
  }
  const problems = field.buckets.flatMap((_, i) => problemsOfBucket(field, i, `${path}/buckets/${i}`));
  return problems.length > 0 ? problems : overlaps(extentsOf(field, path));
}

function problemsOfBucket({ type, buckets }: StratificationField, index: number, path: string): FieldProblem[] {
  const bucket = buckets[index]!;
  const wrong = (value: unknown, at: string): FieldProblem[] =>
    comparable(type, value) === undefined ? [{ path: at, message: `must be ${VALUE_FORMS[type]}` }] : [];
  if (isValuesBucket(bucket)) {
    if ('from' in bucket || 'to' in bucket) return [{ path, message: 'a bucket has either values or from and to' }];
    if (bucket.values.length === 0) return [{ path: `${path}/values`, message: 'a bucket needs at least one value' }];
    return bucket.values.flatMap((value, i) => wrong(value, `${path}/values/${i}`));
  }
  const { from, to } = bucket;
  if (from === undefined && to === undefined) return [{ path, message: 'a bucket needs values, or from, or to' }];
  if (!isOrdered(type)) return [{ path, message: `a field of type ${type} has buckets of values, not ranges` }];
  const problems = [
    ...(from === undefined ? [] : wrong(from, `${path}/from`)),
    ...(to === undefined ? [] : wrong(to, `${path}/to`)),
  ];
  if (problems.length > 0 || from === undefined || to === undefined) return problems;
  const isEmpty = comparable(type, from)! >= comparable(type, to)!;
  return isEmpty ? [{ path, message: 'from must be below to, which is not included' }] : [];
}

function extentsOf({ type, buckets }: StratificationField, path: string): Extent[] {
  const key = (value: StratumValue | undefined) => (value === undefined ? undefined : comparable(type, value));
  return buckets.flatMap((bucket, i): Extent[] => {
    const at = `${path}/buckets/${i}`;
    if (!isValuesBucket(bucket)) {
      return [{ bucket: i, path: at, from: key(bucket.from), to: key(bucket.to), isValue: false }];
    }
    return bucket.values.map((value, k) => {
      const own = key(value);
      return { bucket: i, path: `${at}/values/${k}`, from: own, to: own, isValue: true };
    });
  });
}

/** In order of where they begin, an extent overlaps an earlier one exactly if it begins before the furthest end so far. */
function overlaps(extents: readonly Extent[]): FieldProblem[] {
  const ordered = [...extents].sort(byBeginning);
  const problems: FieldProblem[] = [];
  let furthest: Extent | undefined;
  for (const extent of ordered) {
    if (furthest && reaches(furthest, extent)) {
      const [first, later] = furthest.bucket <= extent.bucket ? [furthest, extent] : [extent, furthest];
      const message = first.bucket === later.bucket ? 'the value stands twice' : `overlaps bucket ${first.bucket}`;
      problems.push({ path: later.path, message });
    }
    if (!furthest || endsLater(extent, furthest)) furthest = extent;
  }
  return problems;
}

function byBeginning(a: Extent, b: Extent): number {
  if (a.from === b.from) return a.bucket - b.bucket;
  if (a.from === undefined) return -1;
  return b.from === undefined || a.from > b.from ? 1 : -1;
}

function reaches(earlier: Extent, later: Extent): boolean {
  if (earlier.to === undefined || later.from === undefined) return true;
  return earlier.isValue ? later.from <= earlier.to : later.from < earlier.to;
}

/** A value ends just after itself, so it outlasts a range that ends there. */
function endsLater(a: Extent, b: Extent): boolean {
  if (b.to === undefined) return false;
  return a.to === undefined || a.to > b.to || (a.to === b.to && a.isValue);
}
