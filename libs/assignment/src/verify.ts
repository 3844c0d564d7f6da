import { arrive, build, type ArriveInput, type Assigned, type BuildInput } from './assignment';
import type { StratumCounts } from './quotas';

/** What stands in the record of one batch. */
export type RecordedOutcome = Pick<Assigned, 'control' | 'counts'>;

/** How a record differs from what its seed gives; all empty if it agrees. */
export interface Discrepancies {
  readonly agrees: boolean;
  /** Test in the record, control by the seed; ascending. */
  readonly missing: Uint32Array;
  /** Control in the record, test by the seed; ascending. */
  readonly unexpected: Uint32Array;
  /** The codes whose counts differ. */
  readonly counts: readonly number[];
}

/** Audits one batch: assigns it again from the seed and compares with the recorded outcome. */
export function verify(
  batch: ({ readonly kind: 'build' } & BuildInput) | ({ readonly kind: 'arrive' } & ArriveInput),
  recorded: RecordedOutcome,
): Discrepancies {
  const expected = batch.kind === 'build' ? build(batch) : arrive(batch);
  const missing = without(expected.control, recorded.control);
  const unexpected = without(recorded.control, expected.control);
  const counts = differing(expected.counts, recorded.counts);
  return { agrees: missing.length + unexpected.length + counts.length === 0, missing, unexpected, counts };
}

function without(numbers: Uint32Array, others: Uint32Array): Uint32Array {
  const excluded = new Set(others);
  return numbers.filter((number) => !excluded.has(number));
}

function differing(expected: readonly StratumCounts[], recorded: readonly StratumCounts[]): number[] {
  const codes = Array.from({ length: Math.max(expected.length, recorded.length) }, (_, code) => code);
  return codes.filter((code) => expected[code]?.n !== recorded[code]?.n || expected[code]?.c !== recorded[code]?.c);
}
