import { epochText, rankKey, ranksOf } from '@muster/assignment';
import { decodeCodes, ProfileSet } from '@muster/profile-set';
import type { BlockChange } from '../read-models/audiences/audience-record';

/** Where a profile stood among those of its stratum who were drawn with it. */
export interface Draw {
  /** From 1, by the epoch's order. */
  readonly rank: number;
  /** How many of its stratum were in the batch. */
  readonly of: number;
  /** How many of them became control: those of the smallest rank. */
  readonly drawn: number;
}

/**
 * Computed anew from the seed. Undefined where the record and the order disagree, as they may where groups did not come
 * from a draw (forced, for instance).
 */
export function drawOf(
  profile: number,
  code: number,
  control: boolean,
  seed: string,
  batch: readonly BlockChange[],
): Draw | undefined {
  const key = rankKey('rank', epochText(seed, batch[0]?.epoch ?? 0));
  const own = ranksOf(key, Uint32Array.of(profile))[0]!;
  let [rank, of, drawn] = [1, 0, 0];
  for (const change of batch) {
    if (!change.entered) continue;
    const numbers = ProfileSet.decode(change.entered).toArray();
    const codes = change.codes ? decodeCodes(change.codes, change.enteredCount) : new Uint16Array(numbers.length);
    const inStratum = numbers.filter((_, i) => codes[i] === code);
    of += inStratum.length;
    for (const other of ranksOf(key, inStratum)) if (other < own) rank++;
    if (change.control) drawn += ProfileSet.decode(change.control).intersect(ProfileSet.fromSorted(inStratum)).size;
  }
  return rank <= drawn === control ? { rank, of, drawn } : undefined;
}
