/**
 * The low 16 bits of the numbers inside one block, immutable, always in the form that costs the fewest bytes (so equal
 * contents have equal forms): sorted numbers, a bitmap of 8 KiB, or runs. These are the three containers of Roaring.
 */
export type Container =
  | {
      readonly kind: 'array';
      readonly size: number;
      readonly lows: Uint16Array;
    }
  | {
      readonly kind: 'bitmap';
      readonly size: number;
      readonly words: Uint32Array;
    }
  /** `pairs` holds first number and length - 1 of each run, in order, no two of which touch. */
  | {
      readonly kind: 'runs';
      readonly size: number;
      readonly pairs: Uint16Array;
    };

export type SetOperation = 'union' | 'difference' | 'intersect' | 'symmetricDifference';

/** Words of 32 bits in the bitmap of a block of 65,536 numbers. */
export const BITMAP_WORDS = 2048;
/** An array of more numbers than this is larger than a bitmap. */
export const ARRAY_LIMIT = 4096;

const left = new Uint32Array(BITMAP_WORDS);
const right = new Uint32Array(BITMAP_WORDS);
const merged = new Uint16Array(2 * ARRAY_LIMIT);

/** The container of the low 16 bits of ascending, distinct numbers of one block (copied), or undefined if there are none. */
export function containerOfLows(lows: Uint16Array | Uint32Array): Container | undefined {
  const size = lows.length;
  if (size === 0) return undefined;
  let runs = 1;
  for (let i = 1; i < size; i++) if (lows[i]! - lows[i - 1]! !== 1) runs++;
  if (runsArePreferred(runs, size)) return { kind: 'runs', size, pairs: pairsOfLows(lows, runs) };
  if (size <= ARRAY_LIMIT) return { kind: 'array', size, lows: new Uint16Array(lows) };
  const words = new Uint32Array(BITMAP_WORDS);
  for (let i = 0; i < size; i++) words[(lows[i]! & 0xffff) >>> 5]! |= 1 << (lows[i]! & 31);
  return { kind: 'bitmap', size, words };
}

/** The container of a bitmap (copied), or undefined if no bit is set. */
export function containerOfWords(words: Uint32Array): Container | undefined {
  let size = 0;
  let runs = 0;
  let carry = 0;
  for (let i = 0; i < BITMAP_WORDS; i++) {
    const word = words[i]!;
    size += popcount(word);
    runs += popcount(word & ~((word << 1) | carry));
    carry = word >>> 31;
  }
  if (size === 0) return undefined;
  if (runsArePreferred(runs, size)) return { kind: 'runs', size, pairs: pairsOfWords(words, runs) };
  if (size > ARRAY_LIMIT) return { kind: 'bitmap', size, words: words.slice() };
  const lows = new Uint16Array(size);
  expandWords(words, lows, 0, 0);
  return { kind: 'array', size, lows };
}

/** The container of runs (copied) that ascend and do not overlap; runs that touch become one. */
export function containerOfPairs(pairs: Uint16Array): Container | undefined {
  left.fill(0);
  fillRuns(left, pairs);
  return containerOfWords(left);
}

export function contains(container: Container, low: number): boolean {
  switch (container.kind) {
    case 'array':
      return container.lows[countBelow(container.lows, low)] === low;
    case 'bitmap':
      return ((container.words[low >>> 5]! >>> (low & 31)) & 1) === 1;
    case 'runs': {
      const run = lastRunFrom(container.pairs, low);
      return run >= 0 && low - container.pairs[2 * run]! <= container.pairs[2 * run + 1]!;
    }
  }
}

/** Writes the numbers, each plus `base`, to `out` from `at` on. */
export function expand(container: Container, out: Uint32Array, at: number, base: number): void {
  switch (container.kind) {
    case 'array': {
      const { lows } = container;
      for (let i = 0; i < lows.length; i++) out[at + i] = base + lows[i]!;
      return;
    }
    case 'bitmap':
      expandWords(container.words, out, at, base);
      return;
    case 'runs': {
      const { pairs } = container;
      let to = at;
      for (let i = 0; i < pairs.length; i += 2) {
        const first = base + pairs[i]!;
        const length = pairs[i + 1]! + 1;
        for (let k = 0; k < length; k++) out[to++] = first + k;
      }
    }
  }
}

/** How many numbers of the container are smaller than `low` (0 .. 65,536). */
export function rankIn(container: Container, low: number): number {
  switch (container.kind) {
    case 'array':
      return countBelow(container.lows, low);
    case 'bitmap': {
      const { words } = container;
      const whole = low >>> 5;
      let count = 0;
      for (let i = 0; i < whole; i++) count += popcount(words[i]!);
      return (low & 31) === 0 ? count : count + popcount(words[whole]! & ((1 << (low & 31)) - 1));
    }
    case 'runs': {
      const { pairs } = container;
      let count = 0;
      for (let i = 0; i < pairs.length && pairs[i]! < low; i += 2)
        count += Math.min(pairs[i + 1]! + 1, low - pairs[i]!);
      return count;
    }
  }
}

/** Appends to `out` the numbers number `from` .. `from + count - 1` (from 0, in order) of the container, each plus `base`. */
export function slice(container: Container, from: number, count: number, base: number, out: number[]): void {
  const to = Math.min(from + count, container.size);
  switch (container.kind) {
    case 'array':
      for (let i = from; i < to; i++) out.push(base + container.lows[i]!);
      return;
    case 'bitmap': {
      let index = 0;
      for (let i = 0; i < BITMAP_WORDS && index < to; i++) {
        let word = container.words[i]!;
        const inWord = popcount(word);
        if (index + inWord <= from) {
          index += inWord;
          continue;
        }
        for (; word !== 0 && index < to; word &= word - 1, index++) {
          if (index >= from) out.push(base + 32 * i + lowestBit(word));
        }
      }
      return;
    }
    case 'runs': {
      const { pairs } = container;
      let index = 0;
      for (let i = 0; i < pairs.length && index < to; i += 2) {
        const length = pairs[i + 1]! + 1;
        const last = Math.min(length, to - index);
        for (let k = Math.max(0, from - index); k < last; k++) out.push(base + pairs[i]! + k);
        index += length;
      }
    }
  }
}

/** The result of the operation, or undefined if it is empty. */
export function combine(operation: SetOperation, a: Container, b: Container): Container | undefined {
  if (a === b) return operation === 'union' || operation === 'intersect' ? a : undefined;
  if (a.kind === 'array' && b.kind === 'array') return mergeArrays(operation, a.lows, b.lows);
  if (operation === 'intersect' && b.kind === 'array') return filter(b.lows, a, true);
  if (operation === 'intersect' && a.kind === 'array') return filter(a.lows, b, true);
  if (operation === 'difference' && a.kind === 'array') return filter(a.lows, b, false);
  load(a, left);
  const other = b.kind === 'bitmap' ? b.words : load(b, right);
  switch (operation) {
    case 'union':
      for (let i = 0; i < BITMAP_WORDS; i++) left[i]! |= other[i]!;
      break;
    case 'difference':
      for (let i = 0; i < BITMAP_WORDS; i++) left[i]! &= ~other[i]!;
      break;
    case 'intersect':
      for (let i = 0; i < BITMAP_WORDS; i++) left[i]! &= other[i]!;
      break;
    case 'symmetricDifference':
      for (let i = 0; i < BITMAP_WORDS; i++) left[i]! ^= other[i]!;
  }
  return containerOfWords(left);
}

export function sameContainer(a: Container, b: Container): boolean {
  if (a === b) return true;
  if (a.kind !== b.kind || a.size !== b.size) return false;
  const x = content(a);
  const y = content(b);
  if (x.length !== y.length) return false;
  for (let i = 0; i < x.length; i++) if (x[i] !== y[i]) return false;
  return true;
}

/** The numbers that make up the form: what stands in the portable format after the counts. */
export function content(container: Container): Uint16Array | Uint32Array {
  switch (container.kind) {
    case 'array':
      return container.lows;
    case 'bitmap':
      return container.words;
    case 'runs':
      return container.pairs;
  }
}

/** CRoaring's rule (`convert_run_optimize`): runs where fewer bytes, and where as many as an array would take. */
function runsArePreferred(runs: number, size: number): boolean {
  return size <= ARRAY_LIMIT ? 2 * runs < size : 2 + 4 * runs < 4 * BITMAP_WORDS;
}

function mergeArrays(operation: SetOperation, a: Uint16Array, b: Uint16Array): Container | undefined {
  const onlyLeft = operation !== 'intersect';
  const onlyRight = operation === 'union' || operation === 'symmetricDifference';
  const both = operation === 'union' || operation === 'intersect';
  const aLength = a.length;
  const bLength = b.length;
  let i = 0;
  let j = 0;
  let count = 0;
  while (i < aLength && j < bLength) {
    const x = a[i]!;
    const y = b[j]!;
    if (x < y) {
      if (onlyLeft) merged[count++] = x;
      i++;
    } else if (y < x) {
      if (onlyRight) merged[count++] = y;
      j++;
    } else {
      if (both) merged[count++] = x;
      i++;
      j++;
    }
  }
  if (onlyLeft) while (i < aLength) merged[count++] = a[i++]!;
  if (onlyRight) while (j < bLength) merged[count++] = b[j++]!;
  return containerOfLows(merged.subarray(0, count));
}

function filter(lows: Uint16Array, by: Container, keep: boolean): Container | undefined {
  const words = by.kind === 'bitmap' ? by.words : load(by, right);
  const wanted = keep ? 1 : 0;
  let count = 0;
  for (let i = 0; i < lows.length; i++) {
    const low = lows[i]!;
    if (((words[low >>> 5]! >>> (low & 31)) & 1) === wanted) merged[count++] = low;
  }
  return containerOfLows(merged.subarray(0, count));
}

function load(container: Container, words: Uint32Array): Uint32Array {
  if (container.kind === 'bitmap') {
    words.set(container.words);
    return words;
  }
  words.fill(0);
  if (container.kind === 'runs') fillRuns(words, container.pairs);
  else for (const low of container.lows) words[low >>> 5]! |= 1 << (low & 31);
  return words;
}

function fillRuns(words: Uint32Array, pairs: Uint16Array): void {
  for (let i = 0; i < pairs.length; i += 2) {
    const first = pairs[i]!;
    const last = first + pairs[i + 1]!;
    const firstWord = first >>> 5;
    const lastWord = last >>> 5;
    const head = -1 << (first & 31);
    const tail = -1 >>> (31 - (last & 31));
    if (firstWord === lastWord) {
      words[firstWord]! |= head & tail;
      continue;
    }
    words[firstWord]! |= head;
    words.fill(0xffffffff, firstWord + 1, lastWord);
    words[lastWord]! |= tail;
  }
}

function pairsOfLows(lows: Uint16Array | Uint32Array, runs: number): Uint16Array {
  const pairs = new Uint16Array(2 * runs);
  let at = 0;
  let first = lows[0]!;
  for (let i = 1; i <= lows.length; i++) {
    const previous = lows[i - 1]!;
    const next = lows[i];
    if (next === previous + 1) continue;
    pairs[at++] = first;
    pairs[at++] = previous - first;
    first = next ?? 0;
  }
  return pairs;
}

function pairsOfWords(words: Uint32Array, runs: number): Uint16Array {
  const pairs = new Uint16Array(2 * runs);
  let at = 0;
  let inside = false;
  let first = 0;
  for (let i = 0; i < BITMAP_WORDS; i++) {
    const word = words[i]!;
    let changes = (word ^ ((word << 1) | (inside ? 1 : 0))) >>> 0;
    for (; changes !== 0; changes &= changes - 1) {
      const bit = 32 * i + lowestBit(changes);
      if (inside) {
        pairs[at++] = first;
        pairs[at++] = bit - 1 - first;
      }
      first = bit;
      inside = !inside;
    }
  }
  if (inside) {
    pairs[at++] = first;
    pairs[at] = 0xffff - first;
  }
  return pairs;
}

function expandWords(words: Uint32Array, out: Uint16Array | Uint32Array, at: number, base: number): void {
  let to = at;
  for (let i = 0; i < BITMAP_WORDS; i++) {
    const from = base + 32 * i;
    for (let word = words[i]!; word !== 0; word &= word - 1) out[to++] = from + lowestBit(word);
  }
}

function countBelow(lows: Uint16Array, low: number): number {
  let from = 0;
  let to = lows.length;
  while (from < to) {
    const middle = (from + to) >>> 1;
    if (lows[middle]! < low) from = middle + 1;
    else to = middle;
  }
  return from;
}

function lastRunFrom(pairs: Uint16Array, low: number): number {
  let from = 0;
  let to = pairs.length >>> 1;
  while (from < to) {
    const middle = (from + to) >>> 1;
    if (pairs[2 * middle]! <= low) from = middle + 1;
    else to = middle;
  }
  return from - 1;
}

function lowestBit(word: number): number {
  return 31 - Math.clz32(word & -word);
}

function popcount(word: number): number {
  const pairs = word - ((word >>> 1) & 0x55555555);
  const nibbles = (pairs & 0x33333333) + ((pairs >>> 2) & 0x33333333);
  return Math.imul((nibbles + (nibbles >>> 4)) & 0x0f0f0f0f, 0x01010101) >>> 24;
}
