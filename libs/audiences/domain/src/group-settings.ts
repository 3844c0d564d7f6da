import type { LcgSettings, StratificationReference } from '@muster/contracts';
import type { GroupSettings } from './audience';

/** The share of an epoch in which everyone becomes test. */
export const NO_SHARE: LcgSettings = { basisPoints: 0, count: null };

export function sameSettings(a: GroupSettings | null, b: GroupSettings): boolean {
  return a !== null && sameLcg(a.lcg, b.lcg) && sameStrata(a.stratification, b.stratification);
}

/**
 * Whether the members of the control group become test by going from one to the other: the local control group was
 * switched off, or other strata are to be balanced and it forms anew, of newcomers only.
 */
export function releasesControl(before: GroupSettings | null, after: GroupSettings): boolean {
  return before !== null && (after.lcg === null || !sameStrata(before.stratification, after.stratification));
}

/**
 * Whether an epoch has nothing left for those who arrive: an exact number fills at its build, and a percent ends where
 * it meets its cap. An epoch without share follows.
 */
export function isUsedUp(lcg: LcgSettings | null, control: number): boolean {
  return lcg !== null && lcg.count !== null && (lcg.basisPoints === null || control >= lcg.count);
}

function sameLcg(a: LcgSettings | null, b: LcgSettings | null): boolean {
  return a?.basisPoints === b?.basisPoints && a?.count === b?.count;
}

function sameStrata(a: StratificationReference | null, b: StratificationReference | null): boolean {
  return a?.hash === b?.hash;
}
