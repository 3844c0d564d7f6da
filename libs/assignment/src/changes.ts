import { epochText } from './draw';
import { rankKey } from './permutation';
import { buildQuotas, fractionOf, type Share } from './quotas';
import { ascending, sizesOf, smallestPerStratum, type StratifiedMembers } from './selection';
import type { Epoch } from './assignment';

/** What a change of settings does to those who are allocated: nobody ever moves from test to control. */
export interface Moved {
  /** Who stays control, ascending. */
  readonly control: Uint32Array;
  /** Who moves from control to test, ascending. */
  readonly toTest: Uint32Array;
}

export interface RemapInput extends Epoch, StratifiedMembers {
  /** All who are allocated, with their new strata by their attributes as of entry. `seed` and `epoch` are the new ones. */
  readonly members: Uint32Array;
  /** Those of the members who are control, ascending. */
  readonly control: Uint32Array;
  readonly share: Share;
  /** The code of the residual stratum, whose control members all go to test. */
  readonly residual: number;
}

/** The local control group is switched off, or stratification fields were added or removed: all control goes to test. */
export function switchOff(control: Uint32Array): Moved {
  return { control: new Uint32Array(0), toTest: control.slice() };
}

/**
 * The buckets of a stratification field changed: control members that match no stratum, or exceed the share of their new
 * one (by the build's rounding), go to test, highest rank first. `movedPerStratum` is what a dry run shows.
 */
export function remap(input: RemapInput): Moved & { readonly movedPerStratum: number[] } {
  const { strataHashes, residual, share } = input;
  const source = epochText(input.seed, input.epoch);
  const { members, codes } = ascending(input);
  const sizes = sizesOf(codes, strataHashes.length);
  const allowed = buildQuotas(source, sizes, strataHashes, fractionOf(share, members.length));
  allowed[residual] = 0;
  const isControl = membership(members, input.control);
  const codesOfControl = codes.filter((_, i) => isControl[i] === 1);
  const kept = smallestPerStratum(rankKey('rank', source), { members: input.control, codes: codesOfControl }, allowed);
  const isKept = membership(input.control, kept);
  const movedPerStratum = strataHashes.map(() => 0);
  for (let i = 0; i < isKept.length; i++) if (isKept[i] === 0) movedPerStratum[codesOfControl[i]!]!++;
  return { control: kept, toTest: input.control.filter((_, i) => isKept[i] === 0), movedPerStratum };
}

/** 1 for each of the ascending numbers that is in the ascending subset. @throws {RangeError} if it is no subset. */
function membership(numbers: Uint32Array, subset: Uint32Array): Uint8Array {
  const flags = new Uint8Array(numbers.length);
  let at = 0;
  for (let i = 0; i < numbers.length && at < subset.length; i++) {
    if (numbers[i] !== subset[at]) continue;
    flags[i] = 1;
    at++;
  }
  if (at < subset.length) throw new RangeError('a control profile is not among the members, or they do not ascend');
  return flags;
}
