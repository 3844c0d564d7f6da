import type { PermutationKey } from './permutation';

const mask = 4294967295;
// The multipliers of fmix32 less 2^32: times a 32-bit number they stay inside a bigint, and the mask makes up for it.
const c1 = 0x85ebca6b - 2 ** 32;
const c2 = 0xc2b2ae35 - 2 ** 32;

/**
 * A query of `(n, h)`: each `n` of the inner query with its place under the keyed permutation. Each step stands in a
 * subquery of its own, held apart by OFFSET 0, because SQL has no other way to name a value that is used twice.
 */
export function permutationSql(inner: string, [k0, k1, k2, k3]: PermutationKey): string {
  const start = `SELECT n, n::bigint # ${k0}::bigint AS h FROM (${inner}) AS p OFFSET 0`;
  const first = fmix32(start, (h) => `(${h} + ${k1}) & ${mask}`);
  const second = fmix32(first, (h) => `${h} # ${k2}::bigint`);
  const third = fmix32(second, (h) => `(${h} + ${k3}) & ${mask}`);
  return fmix32(third, (h) => h);
}

function fmix32(inner: string, then: (h: string) => string): string {
  const once = step(inner, `((h # (h >> 16)) * ${c1}) & ${mask}`);
  const twice = step(once, `((h # (h >> 13)) * ${c2}) & ${mask}`);
  return step(twice, then('(h # (h >> 16))'));
}

function step(inner: string, h: string): string {
  return `SELECT n, ${h} AS h FROM (${inner}) AS p OFFSET 0`;
}
