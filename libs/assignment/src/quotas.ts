import { dividedProduct, h52, scaled } from './draw';
import { hash } from 'node:crypto';

/** Shares are whole basis points of this. */
export const WHOLE = 10_000;

/** The share of control: a percent in basis points, at most `cap` profiles if given; or an exact number of profiles. */
export type Share =
  | { readonly kind: 'percent'; readonly basisPoints: number; readonly cap?: number }
  | { readonly kind: 'number'; readonly count: number };

/** How many profiles were assigned in a stratum in an epoch, and how many of them to control. Leavers stay counted. */
export interface StratumCounts {
  readonly n: number;
  readonly c: number;
}

/** The share of `total` profiles as a fraction: the smaller one where a percent has a cap. */
export function fractionOf(share: Share, total: number): { numerator: number; denominator: number } {
  const exact = (count: number) => ({ numerator: Math.min(count, total), denominator: Math.max(total, 1) });
  if (share.kind === 'number') return exact(checkedCount(share.count));
  const basisPoints = checkedBasisPoints(share.basisPoints);
  const isCapped = share.cap !== undefined && total * basisPoints > checkedCount(share.cap) * WHOLE;
  return isCapped ? exact(share.cap) : { numerator: basisPoints, denominator: WHOLE };
}

/**
 * How many of each stratum become control in a build, by randomised systematic rounding: each is floor or ceil of its
 * exact share, the total is exact, and every profile's chance is exactly the share.
 *
 * @param source `S` of the epoch (`epochText`); @param sizes members per stratum; @param hashes of the strata, as many.
 */
export function buildQuotas(
  source: string,
  sizes: ArrayLike<number>,
  hashes: readonly string[],
  { numerator, denominator }: { numerator: number; denominator: number },
): number[] {
  const quotas = new Array<number>(hashes.length).fill(0);
  let fraction = scaled(h52(`u|${source}`), denominator);
  for (const code of drawnOrder(source, hashes)) {
    const { quotient, remainder } = dividedProduct(sizes[code] ?? 0, numerator, denominator);
    const sum = fraction + remainder;
    quotas[code] = quotient + (sum >= denominator ? 1 : 0);
    fraction = sum >= denominator ? sum - denominator : sum;
  }
  return quotas;
}

/**
 * How many of the next `arrivals` of a stratum become control: a Markov chain that keeps c in {floor, ceil} of the exact
 * share of n at every moment, so that the counts do not depend on how arrivals are batched.
 *
 * @throws {RangeError} if the counts are not ones that the chain can have reached with this share.
 */
export function arrivalQuota(
  source: string,
  stratumHash: string,
  basisPoints: number,
  { n, c }: StratumCounts,
  arrivals: number,
): number {
  let quota = 0;
  for (let i = 0; i < arrivals; i++) {
    if (isControlSlot(source, stratumHash, basisPoints, n + i, c + quota)) quota++;
  }
  return quota;
}

export function checkedBasisPoints(value: number): number {
  if (Number.isInteger(value) && value >= 0 && value <= WHOLE) return value;
  throw new RangeError(`basis points are an integer from 0 to ${WHOLE}, not ${value}`);
}

/** Strata in an order drawn anew for each epoch, so that none is always the first to be rounded. */
function drawnOrder(source: string, hashes: readonly string[]): number[] {
  return hashes
    .map((stratum, code) => ({ code, drawn: hash('sha256', `s|${source}|${stratum}`, 'hex') }))
    .sort((a, b) => (a.drawn < b.drawn ? -1 : a.drawn > b.drawn ? 1 : 0))
    .map(({ code }) => code);
}

function isControlSlot(source: string, stratumHash: string, basisPoints: number, n: number, c: number): boolean {
  const exact = basisPoints * n;
  const remainder = exact % WHOLE;
  const excess = c - (exact - remainder) / WHOLE;
  if (excess !== 0 && (excess !== 1 || remainder === 0)) {
    throw new RangeError(`${c} control of ${n} cannot have come from a share of ${basisPoints} basis points`);
  }
  const next = remainder + basisPoints;
  if (next < WHOLE ? excess === 1 : excess === 0) return next >= WHOLE;
  const [chance, outOf] = next < WHOLE ? [basisPoints, WHOLE - remainder] : [next - WHOLE, remainder];
  return chance > 0 && scaled(h52(`slot|${source}|${stratumHash}|${n}`), outOf) < chance;
}

function checkedCount(value: number): number {
  if (Number.isSafeInteger(value) && value >= 0) return value;
  throw new RangeError(`a number of profiles is an integer from 0, not ${value}`);
}
