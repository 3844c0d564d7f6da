import { hash } from 'node:crypto';

/** What an order is for. Each has its own key, so that who is early in one says nothing about the others. */
export type RankWord = 'rank' | 'range' | 'limit' | 'gcg';

/** Four 32-bit words that fix one permutation of the 32-bit integers. */
export type RankKey = readonly [number, number, number, number];

/** MurmurHash3's 32-bit finaliser (public domain, Austin Appleby): a bijection of 0 .. 2^32 - 1. */
export function fmix32(value: number): number {
  let h = value | 0;
  h = Math.imul(h ^ (h >>> 16), 0x85ebca6b);
  h = Math.imul(h ^ (h >>> 13), 0xc2b2ae35);
  return (h ^ (h >>> 16)) >>> 0;
}

/**
 * The key of a permutation: the first four 32-bit words, big-endian, of SHA-256 over `v1|<word>|<source>`.
 *
 * @param source for `rank` the epoch's text (see `epochText`); for the others the salt of the profile database.
 */
export function rankKey(word: RankWord, source: string): RankKey {
  const digest = hash('sha256', `v1|${word}|${source}`, 'buffer');
  return [digest.readUInt32BE(0), digest.readUInt32BE(4), digest.readUInt32BE(8), digest.readUInt32BE(12)];
}

/** Where a profile number (0 .. 2^32 - 1) stands in the order of the key: 0 .. 2^32 - 1, no two numbers alike. */
export function rank(key: RankKey, number: number): number {
  return permuted(number, key[0], key[1], key[2], key[3]);
}

/** {@link rank} of many numbers, in their order. */
export function ranksOf(key: RankKey, numbers: Uint32Array): Uint32Array {
  // taking the key apart once: array destructuring per number costs three times the permutation
  const [k0, k1, k2, k3] = key;
  const ranks = new Uint32Array(numbers.length);
  for (let i = 0; i < numbers.length; i++) ranks[i] = permuted(numbers[i]!, k0, k1, k2, k3);
  return ranks;
}

/** The stable value of a profile in [0, 100) percent, in hundredths: 0 .. 9,999. For segment ranges and the GCG. */
export function range(key: RankKey, number: number): number {
  return Math.floor((rank(key, number) * 10_000) / 0x1_0000_0000);
}

function permuted(number: number, k0: number, k1: number, k2: number, k3: number): number {
  return fmix32(fmix32(fmix32(fmix32(number ^ k0) + k1) ^ k2) + k3);
}
