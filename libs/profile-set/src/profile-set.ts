import { combine, containerOfLows, contains, expand, rankIn, sameContainer, slice } from './container';
import type { Container, SetOperation } from './container';
import { ProfileSetEncodingError, readPortable, writePortable, type Blocks } from './portable-format';

/** The highest profile number: Postgres' `integer`. */
export const HIGHEST_PROFILE_NUMBER = 0x7fffffff;

/** How many profile numbers a block spans; number `n` lies in block `n >>> 16`. */
export const BLOCK_SIZE = 0x10000;

/** The block that a profile number lies in (0 .. 32,767). */
export function blockOf(number: number): number {
  return number >>> 16;
}

/**
 * A set of profile numbers (0 .. 2^31 - 1) as an immutable value. It is cut into blocks of 65,536 numbers, each held in
 * the smallest of Roaring's three forms; results share the blocks they have in common with their operands. All of it
 * lives on the ordinary heap: there is nothing to dispose of.
 */
export class ProfileSet implements Iterable<number> {
  private static readonly nothing = new ProfileSet([], []);

  /** How many profiles are in the set. */
  readonly size: number;

  private constructor(
    private readonly numbers: readonly number[],
    private readonly containers: readonly Container[],
  ) {
    let size = 0;
    for (const container of containers) size += container.size;
    this.size = size;
  }

  static empty(): ProfileSet {
    return ProfileSet.nothing;
  }

  /**
   * The set of these numbers, in any order; repeats count once.
   *
   * @throws {RangeError} for anything but an integer from 0 to 2^31 - 1.
   */
  static of(numbers: Iterable<number>): ProfileSet {
    const sorted = Uint32Array.from(numbers, checked).sort();
    let count = 0;
    for (let i = 0; i < sorted.length; i++) {
      if (i === 0 || sorted[i] !== sorted[i - 1]) sorted[count++] = sorted[i]!;
    }
    return ProfileSet.fromSorted(sorted.subarray(0, count));
  }

  /**
   * The set of these ascending, distinct numbers; the fast way in. The array is copied.
   *
   * @throws {RangeError} if they do not ascend, or one is over 2^31 - 1.
   */
  static fromSorted(sorted: Uint32Array): ProfileSet {
    if (sorted.length === 0) return ProfileSet.nothing;
    if (sorted[sorted.length - 1]! > HIGHEST_PROFILE_NUMBER) throw notAProfileNumber(sorted[sorted.length - 1]!);
    const blocks = new BlockList();
    let from = 0;
    for (let i = 1; i <= sorted.length; i++) {
      if (i < sorted.length) {
        if (sorted[i]! <= sorted[i - 1]!) throw new RangeError('profile numbers are not ascending and distinct');
        if (blockOf(sorted[i]!) === blockOf(sorted[from]!)) continue;
      }
      blocks.add(blockOf(sorted[from]!), containerOfLows(sorted.subarray(from, i)));
      from = i;
    }
    return ProfileSet.ofBlocks(blocks);
  }

  /** The union of any number of sets: for putting chunks together again. */
  static unionOf(sets: Iterable<ProfileSet>): ProfileSet {
    const byNumber = new Map<number, Container>();
    for (const set of sets) {
      set.numbers.forEach((number, i) => {
        const known = byNumber.get(number);
        const container = set.containers[i]!;
        byNumber.set(number, known ? combine('union', known, container)! : container);
      });
    }
    const blocks = new BlockList();
    for (const number of [...byNumber.keys()].sort((a, b) => a - b)) blocks.add(number, byNumber.get(number));
    return ProfileSet.ofBlocks(blocks);
  }

  /**
   * Reads {@link encode}'s bytes, or those of any other Roaring library.
   *
   * @throws {ProfileSetEncodingError} for bytes that are no such set, or hold a number over 2^31 - 1.
   */
  static decode(bytes: Uint8Array): ProfileSet {
    return ProfileSet.ofBlocks(readPortable(bytes));
  }

  /** @throws {ProfileSetEncodingError} as {@link decode}, and for text that is not base64. */
  static decodeBase64(text: string): ProfileSet {
    return ProfileSet.decode(bytesOfBase64(text));
  }

  private static ofBlocks({ numbers, containers }: Blocks): ProfileSet {
    return containers.length === 0 ? ProfileSet.nothing : new ProfileSet(numbers, containers);
  }

  get isEmpty(): boolean {
    return this.size === 0;
  }

  /** The smallest number; undefined for the empty set. */
  get minimum(): number | undefined {
    return this.at(0);
  }

  /** The largest number; undefined for the empty set. */
  get maximum(): number | undefined {
    return this.at(this.size - 1);
  }

  has(number: number): boolean {
    if (!Number.isInteger(number) || number < 0 || number > HIGHEST_PROFILE_NUMBER) return false;
    const i = this.firstBlockFrom(blockOf(number));
    return this.numbers[i] === blockOf(number) && contains(this.containers[i]!, number & 0xffff);
  }

  /** How many members are smaller than `number`: the index of a member. */
  rank(number: number): number {
    if (number <= 0) return 0;
    if (number > HIGHEST_PROFILE_NUMBER) return this.size;
    const i = this.firstBlockFrom(blockOf(number));
    let count = 0;
    for (let k = 0; k < i; k++) count += this.containers[k]!.size;
    return this.numbers[i] === blockOf(number) ? count + rankIn(this.containers[i]!, number & 0xffff) : count;
  }

  /** The member at an index (from 0, in ascending order); undefined beyond the ends. */
  at(index: number): number | undefined {
    return this.slice(index, 1)[0];
  }

  /** `count` members from an index on, ascending; fewer at the end. */
  slice(index: number, count: number): number[] {
    const out: number[] = [];
    if (index < 0) return out;
    let skip = index;
    for (let i = 0; i < this.containers.length && out.length < count; i++) {
      const container = this.containers[i]!;
      if (skip < container.size) slice(container, skip, count - out.length, this.numbers[i]! * BLOCK_SIZE, out);
      skip = Math.max(0, skip - container.size);
    }
    return out;
  }

  /** The next `limit` members larger than `after` (from the first one on without it), ascending: a keyset page. */
  page(after: number | undefined, limit: number): number[] {
    return this.slice(after === undefined ? 0 : this.rank(after + 1), limit);
  }

  union(other: ProfileSet): ProfileSet {
    return this.combined('union', other);
  }

  /** The members that are not in `other`. */
  difference(other: ProfileSet): ProfileSet {
    return this.combined('difference', other);
  }

  intersect(other: ProfileSet): ProfileSet {
    return this.combined('intersect', other);
  }

  /** The members of exactly one of the two: what changed between them. */
  symmetricDifference(other: ProfileSet): ProfileSet {
    return this.combined('symmetricDifference', other);
  }

  equals(other: ProfileSet): boolean {
    return (
      this.size === other.size &&
      this.numbers.length === other.numbers.length &&
      this.numbers.every((n, i) => n === other.numbers[i] && sameContainer(this.containers[i]!, other.containers[i]!))
    );
  }

  /** The numbers of the blocks that have members, ascending. */
  blocks(): number[] {
    return [...this.numbers];
  }

  /** The part inside one block (see {@link blockOf}); empty if it has no members. */
  block(number: number): ProfileSet {
    const i = this.firstBlockFrom(number);
    return this.numbers[i] === number ? new ProfileSet([number], [this.containers[i]!]) : ProfileSet.nothing;
  }

  /** Each block that has members with the part inside it, ascending. */
  *byBlock(): Generator<[number, ProfileSet]> {
    for (let i = 0; i < this.numbers.length; i++) {
      yield [this.numbers[i]!, new ProfileSet([this.numbers[i]!], [this.containers[i]!])];
    }
  }

  /** Ascending. For loops over many members {@link toArray} is several times faster. */
  *[Symbol.iterator](): Generator<number> {
    for (const [, part] of this.byBlock()) yield* part.toArray();
  }

  /** All members, ascending. */
  toArray(): Uint32Array {
    const out = new Uint32Array(this.size);
    let at = 0;
    for (let i = 0; i < this.containers.length; i++) {
      expand(this.containers[i]!, out, at, this.numbers[i]! * BLOCK_SIZE);
      at += this.containers[i]!.size;
    }
    return out;
  }

  /** The portable serialisation of Roaring, canonical: equal sets give equal bytes. */
  encode(): Uint8Array {
    return writePortable({ numbers: this.numbers, containers: this.containers });
  }

  encodeBase64(): string {
    const bytes = this.encode();
    return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength).toString('base64');
  }

  private combined(operation: SetOperation, other: ProfileSet): ProfileSet {
    const keepsLeft = operation !== 'intersect';
    const keepsRight = operation === 'union' || operation === 'symmetricDifference';
    const blocks = new BlockList();
    let i = 0;
    let j = 0;
    while (i < this.numbers.length || j < other.numbers.length) {
      const a = this.numbers[i] ?? BLOCK_SIZE;
      const b = other.numbers[j] ?? BLOCK_SIZE;
      if (a < b) {
        if (keepsLeft) blocks.add(a, this.containers[i]);
        i++;
      } else if (b < a) {
        if (keepsRight) blocks.add(b, other.containers[j]);
        j++;
      } else {
        blocks.add(a, combine(operation, this.containers[i++]!, other.containers[j++]!));
      }
    }
    return ProfileSet.ofBlocks(blocks);
  }

  private firstBlockFrom(number: number): number {
    let from = 0;
    let to = this.numbers.length;
    while (from < to) {
      const middle = (from + to) >>> 1;
      if (this.numbers[middle]! < number) from = middle + 1;
      else to = middle;
    }
    return from;
  }
}

class BlockList implements Blocks {
  readonly numbers: number[] = [];
  readonly containers: Container[] = [];

  add(number: number, container: Container | undefined): void {
    if (!container) return;
    this.numbers.push(number);
    this.containers.push(container);
  }
}

function checked(number: number): number {
  if (!Number.isInteger(number) || number < 0 || number > HIGHEST_PROFILE_NUMBER) throw notAProfileNumber(number);
  return number;
}

function notAProfileNumber(value: number): RangeError {
  return new RangeError(`a profile number is an integer from 0 to ${HIGHEST_PROFILE_NUMBER}, not ${value}`);
}

function bytesOfBase64(text: string): Uint8Array {
  const bytes = Buffer.from(text, 'base64');
  // Buffer skips what it does not know: only text that it would write itself is taken
  if (bytes.toString('base64') !== text) throw new ProfileSetEncodingError('not base64');
  return bytes;
}
