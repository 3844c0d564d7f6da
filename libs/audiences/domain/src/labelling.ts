import { arrive, build, stratumHash, type Assigned, type Share, type StratumCounts } from '@muster/assignment';
import type { StratumCount } from '@muster/audiences-events';
import type { StratificationReference } from '@muster/contracts';
import { ProfileSet } from '@muster/profile-set';
import type { Epoch, Tallies } from './audience';
import { countsOf, totalControl } from './tallies';

/** Who gets a group in one step: all blocks of a build, or of one change of the segment. Ascending by block. */
export interface Batch {
  readonly blocks: readonly BatchBlock[];
}

export interface BatchBlock {
  readonly block: number;
  readonly profiles: ProfileSet;
  /** One per profile. */
  readonly codes: Uint16Array;
}

export interface LabelledBlock extends BatchBlock {
  readonly control: ProfileSet;
  /** The profiles of this block: `n` in the stratum, `c` of them control. */
  readonly counts: readonly StratumCount[];
}

/** The first assignment of an epoch: everyone at once. */
export function labelFirst(epoch: Epoch, batch: Batch): LabelledBlock[] {
  return inBlocks(batch, (members, codes) => build({ ...drawsOf(epoch), members, codes, share: firstShare(epoch) }));
}

/** Newcomers to an epoch that has assigned others before; `before` are its counts. */
export function labelArrivals(epoch: Epoch, before: Tallies, batch: Batch): LabelledBlock[] {
  const { lcg } = epoch;
  const cap = lcg?.count ?? null;
  const room = cap === null ? {} : { room: Math.max(0, cap - epoch.carried - totalControl(before)) };
  const state: StratumCounts[] = before.n.map((n, code) => ({ n, c: before.c[code] ?? 0 }));
  return inBlocks(batch, (members, codes) =>
    arrive({ ...drawsOf(epoch), members, codes, state, basisPoints: lcg?.basisPoints ?? 0, ...room }),
  );
}

function firstShare({ lcg, carried }: Pick<Epoch, 'lcg' | 'carried'>): Share {
  if (lcg === null) return { kind: 'percent', basisPoints: 0 };
  const { basisPoints, count } = lcg;
  if (count === null) return { kind: 'percent', basisPoints: basisPoints ?? 0 };
  if (basisPoints !== null) return { kind: 'percent', basisPoints, cap: Math.max(0, count - carried) };
  // a number alone fills once: topping it up from newcomers would make nearly all of them control
  return { kind: 'number', count: carried === 0 ? count : 0 };
}

function drawsOf(epoch: Epoch): { seed: string; epoch: number; strataHashes: readonly string[] } {
  return { seed: epoch.seed, epoch: epoch.number, strataHashes: strataHashes(epoch.stratification) };
}

export function strataHashes(stratification: StratificationReference | null): readonly string[] {
  return stratification?.strata ?? [stratumHash({})];
}

function inBlocks(batch: Batch, assign: (members: Uint32Array, codes: Uint16Array) => Assigned): LabelledBlock[] {
  const { blocks } = batch;
  const total = blocks.reduce((sum, { profiles }) => sum + profiles.size, 0);
  const members = new Uint32Array(total);
  const codes = new Uint16Array(total);
  let at = 0;
  for (const block of blocks) {
    members.set(block.profiles.toArray(), at);
    codes.set(block.codes, at);
    at += block.profiles.size;
  }
  const assigned = assign(members, codes);
  const isControl = flagsOf(members, assigned.control);
  let controlAt = 0;
  at = 0;
  return blocks.map((block) => {
    const from = at;
    at += block.profiles.size;
    const counts = countBlock(block.codes, isControl, from, assigned.counts.length);
    const size = counts.reduce((sum, { c }) => sum + c, 0);
    const control = ProfileSet.fromSorted(assigned.control.subarray(controlAt, controlAt + size));
    controlAt += size;
    return { ...block, control, counts };
  });
}

/** 1 for each of the ascending numbers that is in the ascending subset. */
function flagsOf(numbers: Uint32Array, subset: Uint32Array): Uint8Array {
  const flags = new Uint8Array(numbers.length);
  let at = 0;
  for (let i = 0; i < numbers.length && at < subset.length; i++) {
    if (numbers[i] !== subset[at]) continue;
    flags[i] = 1;
    at++;
  }
  return flags;
}

function countBlock(codes: Uint16Array, isControl: Uint8Array, from: number, strata: number): StratumCount[] {
  const n = new Uint32Array(strata);
  const c = new Uint32Array(strata);
  for (let i = 0; i < codes.length; i++) {
    const code = codes[i]!;
    n[code]! += 1;
    c[code]! += isControl[from + i]!;
  }
  return countsOf({ n: [...n], c: [...c] });
}
