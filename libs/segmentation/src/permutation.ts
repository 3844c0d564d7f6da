import { createHash } from 'node:crypto';

/** Four 32-bit words. */
export type PermutationKey = readonly [number, number, number, number];

/** What a database's salt is used for; each has a permutation of its own. */
export type SaltUse = 'range' | 'limit' | 'gcg';

const [c1, c2] = [0x85ebca6b, 0xc2b2ae35];

/** The key of one use: the first four 32-bit words, big-endian, of SHA-256("v1|<use>|<salt>"). */
export function permutationKey(use: SaltUse, salt: string): PermutationKey {
  const hash = createHash('sha256').update(`v1|${use}|${salt}`, 'utf8').digest();
  return [hash.readUInt32BE(0), hash.readUInt32BE(4), hash.readUInt32BE(8), hash.readUInt32BE(12)];
}

/** A keyed permutation of the integers 0 to 2^32 - 1: four rounds of MurmurHash3's finaliser. */
export function permute(number: number, [k0, k1, k2, k3]: PermutationKey): number {
  const first = fmix32((number ^ k0) >>> 0);
  const second = fmix32((first + k1) >>> 0);
  const third = fmix32((second ^ k2) >>> 0);
  return fmix32((third + k3) >>> 0);
}

function fmix32(value: number): number {
  let h = value ^ (value >>> 16);
  h = Math.imul(h, c1);
  h ^= h >>> 13;
  h = Math.imul(h, c2);
  return (h ^ (h >>> 16)) >>> 0;
}

/** The place of a profile in [0, 10000): hundredths of a percent. */
export function rangeValue(profileNo: number, key: PermutationKey): number {
  return Math.floor((permute(profileNo, key) * 10_000) / 2 ** 32);
}
