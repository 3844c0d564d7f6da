import { epochText } from './draw';
import { rankKey } from './permutation';
import { arrivalQuota, buildQuotas, checkedBasisPoints, fractionOf, type Share, type StratumCounts } from './quotas';
import { ascending, sizesOf, smallestPerStratum, type StratifiedMembers } from './selection';

/** Name and version of the method; it stands in the events, and another method gets another name. */
export const ALGORITHM = 'muster-1';

/** The epoch that assigns, and the strata it knows: `strataHashes[code]`, the residual among them. */
export interface Epoch {
  /** 128 bits as 32 lower-case hex digits. */
  readonly seed: string;
  readonly epoch: number;
  readonly strataHashes: readonly string[];
}

export interface BuildInput extends Epoch, StratifiedMembers {
  readonly share: Share;
}

export interface ArriveInput extends Epoch, StratifiedMembers {
  readonly basisPoints: number;
  /** The counts of the epoch per code before the batch; codes it lacks stand at 0. */
  readonly state: readonly StratumCounts[];
  /** How many more control profiles the share's cap allows; absent without a cap. */
  readonly room?: number;
}

export interface Assigned {
  /** Who becomes control, ascending; all other members become test. */
  readonly control: Uint32Array;
  /** The counts of the epoch per code after the batch. */
  readonly counts: StratumCounts[];
  /** The share's cap or exact number is used up: later arrivals belong to an epoch of share 0. */
  readonly isFull: boolean;
}

/**
 * Assigns a set that arrives at once, in an epoch that has assigned nobody yet.
 *
 * @throws {RangeError} for input that is out of range (seed, share, codes, repeated members).
 */
export function build(input: BuildInput): Assigned {
  const source = epochText(input.seed, input.epoch);
  const batch = ascending(input);
  const sizes = sizesOf(batch.codes, input.strataHashes.length);
  const quotas = buildQuotas(source, sizes, input.strataHashes, fractionOf(input.share, batch.members.length));
  const limit = input.share.kind === 'number' ? 0 : input.share.cap;
  return assigned(source, batch, [], sizes, quotas, limit);
}

/**
 * Assigns a batch that arrives after the build (or without one), of any size. A batch that would pass the cap is rationed
 * with the build's rounding.
 *
 * @throws {RangeError} for input that is out of range, or counts that the share cannot have led to.
 */
export function arrive(input: ArriveInput): Assigned {
  const { strataHashes, state, room } = input;
  const source = epochText(input.seed, input.epoch);
  const basisPoints = checkedBasisPoints(input.basisPoints);
  const batch = ascending(input);
  const sizes = sizesOf(batch.codes, strataHashes.length);
  let quotas = strataHashes.map((stratum, code) =>
    arrivalQuota(source, stratum, basisPoints, state[code] ?? NOBODY, sizes[code]!),
  );
  if (room !== undefined && sum(quotas) > room) {
    const rationed = fractionOf({ kind: 'number', count: room }, batch.members.length);
    quotas = buildQuotas(source, sizes, strataHashes, rationed);
  }
  return assigned(source, batch, state, sizes, quotas, room);
}

const NOBODY: StratumCounts = { n: 0, c: 0 };

function assigned(
  source: string,
  batch: StratifiedMembers,
  before: readonly StratumCounts[],
  sizes: Uint32Array,
  quotas: readonly number[],
  limit: number | undefined,
): Assigned {
  const counts = quotas.map((quota, code) => {
    const { n, c } = before[code] ?? NOBODY;
    return { n: n + sizes[code]!, c: c + quota };
  });
  const total = sum(quotas);
  return {
    control: total === 0 ? new Uint32Array(0) : smallestPerStratum(rankKey('rank', source), batch, quotas),
    counts,
    isFull: limit !== undefined && total >= limit,
  };
}

function sum(values: readonly number[]): number {
  return values.reduce((total, value) => total + value, 0);
}
