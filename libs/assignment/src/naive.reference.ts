import { createHash } from 'node:crypto';

/**
 * The method written as plainly as it can be, with objects and BigInt, for the tests: it shares no code with the library
 * and is a hundred times slower.
 */
export interface NaiveMember {
  readonly number: number;
  readonly stratum: string;
}

export type NaiveState = Map<string, { n: number; c: number }>;

const Q = 10_000n;
const sha = (text: string): string => createHash('sha256').update(text).digest('hex');
const h52 = (text: string): bigint => BigInt(`0x${sha(text).slice(0, 13)}`);

function mix(value: bigint): bigint {
  let h = value;
  h ^= h >> 16n;
  h = (h * 0x85ebca6bn) % 2n ** 32n;
  h ^= h >> 13n;
  h = (h * 0xc2b2ae35n) % 2n ** 32n;
  return h ^ (h >> 16n);
}

export function naiveRank(source: string, number: number): bigint {
  const digest = sha(`v1|rank|${source}`);
  const [k0, k1, k2, k3] = [0, 8, 16, 24].map((at) => BigInt(`0x${digest.slice(at, at + 8)}`));
  const first = mix(BigInt(number) ^ k0!);
  const second = mix((first + k1!) % 2n ** 32n);
  return mix((mix(second ^ k2!) + k3!) % 2n ** 32n);
}

function lowest(source: string, members: readonly NaiveMember[], count: bigint): number[] {
  const ranked = members.map(({ number }) => ({ number, rank: naiveRank(source, number) }));
  ranked.sort((a, b) => (a.rank < b.rank ? -1 : 1));
  return ranked.slice(0, Number(count)).map(({ number }) => number);
}

function byStratum(members: readonly NaiveMember[]): Map<string, NaiveMember[]> {
  const groups = new Map<string, NaiveMember[]>();
  for (const member of members) groups.set(member.stratum, [...(groups.get(member.stratum) ?? []), member]);
  return groups;
}

/** @param strata all strata, those without members included. */
export function naiveBuild(
  source: string,
  members: readonly NaiveMember[],
  strata: readonly string[],
  numerator: bigint,
  denominator: bigint,
): { control: number[]; state: NaiveState } {
  const groups = byStratum(members);
  const order = [...strata].sort((a, b) => (sha(`s|${source}|${a}`) < sha(`s|${source}|${b}`) ? -1 : 1));
  const u = (h52(`u|${source}`) * denominator) / 2n ** 52n;
  const state: NaiveState = new Map();
  const control: number[] = [];
  let accumulated = 0n;
  let previous = 0n;
  for (const stratum of order) {
    const group = groups.get(stratum) ?? [];
    accumulated += BigInt(group.length) * numerator;
    const floor = (accumulated + u) / denominator;
    control.push(...lowest(source, group, floor - previous));
    state.set(stratum, { n: group.length, c: Number(floor - previous) });
    previous = floor;
  }
  return { control: control.sort((a, b) => a - b), state };
}

/** Changes `state`. */
export function naiveArrive(
  source: string,
  members: readonly NaiveMember[],
  state: NaiveState,
  points: bigint,
): number[] {
  const control: number[] = [];
  for (const [stratum, group] of byStratum(members)) {
    const { n, c } = state.get(stratum) ?? { n: 0, c: 0 };
    let taken = 0n;
    for (let i = 0n; i < group.length; i++) taken += slot(source, stratum, BigInt(n) + i, BigInt(c) + taken, points);
    control.push(...lowest(source, group, taken));
    state.set(stratum, { n: n + group.length, c: c + Number(taken) });
  }
  return control.sort((a, b) => a - b);
}

function slot(source: string, stratum: string, n: bigint, c: bigint, points: bigint): bigint {
  const k = (points * n) / Q;
  const r = (points * n) % Q;
  let [a, b] = [points, Q - r];
  if (r + points < Q) {
    if (c - k === 1n) return 0n;
  } else {
    if (c - k === 0n) return 1n;
    [a, b] = [r + points - Q, r];
  }
  return h52(`slot|${source}|${stratum}|${n}`) * b < a * 2n ** 52n ? 1n : 0n;
}
