import fc from 'fast-check';
import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import { RoaringBitmap32, SerializationFormat } from 'roaring-wasm';
import { BLOCK_SIZE, ProfileSet, ProfileSetEncodingError, blockOf, diffSorted } from '.';

const HIGHEST = 0x7fffffff;

const fullBlock = Array.from({ length: BLOCK_SIZE }, (_, i) => BLOCK_SIZE + i);

/** Numbers that make every form of block: scattered ones, dense stretches, almost full blocks, the ends of the range. */
const numbers: fc.Arbitrary<number[]> = fc
  .array(
    fc.oneof(
      fc.array(fc.integer({ min: 0, max: HIGHEST }), { maxLength: 20 }),
      fc.array(fc.integer({ min: 0, max: 3 * BLOCK_SIZE }), { maxLength: 40 }),
      fc.constantFrom([0], [HIGHEST], [0xffff, 0x10000], [], fullBlock),
      fc
        .record({
          first: fc.integer({ min: 0, max: 2 * BLOCK_SIZE }),
          length: fc.constantFrom(1, 2, 3, 33, 700, 4096, 4097, 9000),
          step: fc.constantFrom(1, 1, 2, 3, 7),
        })
        .map(({ first, length, step }) => Array.from({ length }, (_, i) => first + i * step)),
    ),
    { maxLength: 2 },
  )
  .map((parts) => parts.flat());

const ascending = (values: Iterable<number>): number[] => [...new Set(values)].sort((a, b) => a - b);
const holds = (set: ProfileSet, values: Iterable<number>): void => {
  const expected = ascending(values);
  expect(set.size).toBe(expected.length);
  expect(Buffer.compare(bytesOf(set.toArray()), bytesOf(Uint32Array.from(expected)))).toBe(0);
};
const bytesOf = (array: Uint32Array): Uint8Array => new Uint8Array(array.buffer, array.byteOffset, array.byteLength);
const property = <T extends [unknown, ...unknown[]]>(runs: number, ...args: Parameters<typeof fc.property<T>>): void =>
  fc.assert(fc.property(...args), { numRuns: runs });

describe('a profile set', () => {
  it('holds each given number once, in ascending order', () => {
    property(150, numbers, (values) => {
      const set = ProfileSet.of(values);
      holds(set, values);
      expect(set.isEmpty).toBe(values.length === 0);
      expect(set.minimum).toBe(ascending(values)[0]);
      expect(set.maximum).toBe(ascending(values).at(-1));
      expect(set.equals(ProfileSet.fromSorted(Uint32Array.from(ascending(values))))).toBe(true);
    });
  });

  it('unites, subtracts, intersects and compares as plain sets do', () => {
    property(150, numbers, numbers, (left, right) => {
      const [a, b] = [ProfileSet.of(left), ProfileSet.of(right)];
      const [x, y] = [new Set(left), new Set(right)];
      holds(a.union(b), [...x, ...y]);
      holds(
        a.difference(b),
        [...x].filter((n) => !y.has(n)),
      );
      holds(
        a.intersect(b),
        [...x].filter((n) => y.has(n)),
      );
      holds(
        a.symmetricDifference(b),
        [...x, ...y].filter((n) => x.has(n) !== y.has(n)),
      );
      expect(a.equals(b)).toBe(x.size === y.size && [...x].every((n) => y.has(n)));
      expect(ProfileSet.unionOf([a, b, a]).equals(b.union(a))).toBe(true);
      holds(a, x);
      holds(b, y);
    });
  });

  it('finds members, their index and the pages after a member', () => {
    property(
      300,
      numbers,
      fc.integer({ min: 0, max: HIGHEST }),
      fc.integer({ min: 1, max: 60 }),
      (values, other, limit) => {
        const set = ProfileSet.of(values);
        const sorted = ascending(values);
        for (const number of [other, other % (4 * BLOCK_SIZE), ...sorted.slice(0, 5), ...sorted.slice(-5)]) {
          const index = sorted.filter((n) => n < number).length;
          expect(set.has(number)).toBe(sorted[index] === number);
          expect(set.rank(number)).toBe(index);
          expect(set.at(index)).toBe(sorted[index]);
          expect(set.page(number, limit)).toEqual(sorted.filter((n) => n > number).slice(0, limit));
        }
        expect(set.page(undefined, limit)).toEqual(sorted.slice(0, limit));
        expect([...set].length).toBe(sorted.length);
      },
    );
  });

  it('is the union of its blocks, each inside its own range', () => {
    property(200, numbers, (values) => {
      const set = ProfileSet.of(values);
      expect(set.blocks()).toEqual(ascending(values.map(blockOf)));
      for (const [number, part] of set.byBlock()) {
        expect(part.equals(set.block(number))).toBe(true);
        holds(
          part,
          values.filter((n) => blockOf(n) === number),
        );
      }
      expect(ProfileSet.unionOf([...set.byBlock()].map(([, part]) => part)).equals(set)).toBe(true);
      expect(set.block(0x7ffe).isEmpty).toBe(!values.some((n) => blockOf(n) === 0x7ffe));
    });
  });

  it('refuses what is no profile number, and arrays that do not ascend', () => {
    for (const wrong of [-1, 0.5, Number.NaN, HIGHEST + 1, Infinity]) {
      expect(() => ProfileSet.of([1, wrong])).toThrow(RangeError);
      expect(ProfileSet.of([0, 1, HIGHEST]).has(wrong)).toBe(false);
    }
    expect(() => ProfileSet.fromSorted(Uint32Array.of(1, HIGHEST + 1))).toThrow(RangeError);
    expect(() => ProfileSet.fromSorted(Uint32Array.of(2, 1))).toThrow(RangeError);
    expect(() => ProfileSet.fromSorted(Uint32Array.of(1, 1))).toThrow(RangeError);
  });
});

describe('the portable format', () => {
  const roaring = (values: number[]): Uint8Array => {
    const bitmap = new RoaringBitmap32(values);
    try {
      bitmap.removeRunCompression();
      bitmap.runOptimize();
      return Uint8Array.from(bitmap.serialize(SerializationFormat.portable));
    } finally {
      bitmap.dispose();
    }
  };

  it('is byte for byte what CRoaring writes for the same set', () => {
    property(150, numbers, (values) => {
      expect(Buffer.compare(ProfileSet.of(values).encode(), roaring(values))).toBe(0);
    });
  });

  it('is read by CRoaring, and read back, as the same set', () => {
    property(150, numbers, (values) => {
      const bytes = ProfileSet.of(values).encode();
      const bitmap = RoaringBitmap32.deserialize(SerializationFormat.portable, bytes);
      expect(Buffer.compare(bytesOf(bitmap.toUint32Array()), bytesOf(Uint32Array.from(ascending(values))))).toBe(0);
      bitmap.dispose();
      holds(ProfileSet.decode(bytes), values);
      holds(ProfileSet.decodeBase64(ProfileSet.of(values).encodeBase64()), values);
    });
  });

  it('reads what CRoaring wrote without optimising, and writes it canonically', () => {
    property(200, numbers, (values) => {
      const bitmap = new RoaringBitmap32(values);
      const set = ProfileSet.decode(bitmap.serialize(SerializationFormat.portable));
      bitmap.dispose();
      holds(set, values);
      expect(Buffer.compare(set.encode(), roaring(values))).toBe(0);
    });
  });

  it('gives equal bytes for equal sets, however they came about', () => {
    property(200, numbers, numbers, (left, right) => {
      const [a, b] = [ProfileSet.of(left), ProfileSet.of(right)];
      const roundabout = a.difference(b).union(a.intersect(b));
      expect(Buffer.compare(roundabout.encode(), a.encode())).toBe(0);
    });
  });

  it('refuses damaged bytes with a clear error, or reads a valid set', () => {
    const changes = fc.array(fc.record({ at: fc.nat(), byte: fc.integer({ min: 0, max: 255 }) }), {
      minLength: 1,
      maxLength: 4,
    });
    property(1000, numbers, changes, fc.nat(), (values, damage, cut) => {
      const bytes = ProfileSet.of(values).encode();
      for (const { at, byte } of damage) bytes[at % Math.min(bytes.length, 200)] = byte;
      const damaged = cut % 3 === 0 ? bytes.subarray(0, cut % bytes.length) : bytes;
      try {
        const set = ProfileSet.decode(damaged);
        expect((set.maximum ?? 0) <= HIGHEST).toBe(true);
        expect(ProfileSet.decode(set.encode()).equals(set)).toBe(true);
      } catch (error) {
        expect(error).toBeInstanceOf(ProfileSetEncodingError);
      }
    });
  });

  it('refuses random bytes, numbers over 2^31 - 1, trailing bytes and text that is not base64', () => {
    property(2000, fc.uint8Array({ maxLength: 200 }), (bytes) => {
      expect(() => ProfileSet.decode(bytes)).toThrow(ProfileSetEncodingError);
    });
    const large = new RoaringBitmap32([1, HIGHEST + 1]);
    expect(() => ProfileSet.decode(large.serialize(SerializationFormat.portable))).toThrow('over 2147483647');
    large.dispose();
    expect(() => ProfileSet.decode(Uint8Array.of(...ProfileSet.of([1]).encode(), 0))).toThrow('follow the last block');
    expect(() => ProfileSet.decodeBase64('not base64!')).toThrow(ProfileSetEncodingError);
  });

  it('needs a few bytes for a million consecutive profiles', () => {
    const million = ProfileSet.fromSorted(Uint32Array.from({ length: 1_000_000 }, (_, i) => i));
    expect(million.encode().length).toBeLessThan(250);
  });
});

describe('diffSorted', () => {
  it('says what was added and removed', () => {
    property(150, numbers, numbers, (left, right) => {
      const [x, y] = [new Set(left), new Set(right)];
      const { added, removed } = diffSorted(Uint32Array.from(ascending(x)), Uint32Array.from(ascending(y)));
      expect([...added]).toEqual(ascending([...y].filter((n) => !x.has(n))));
      expect([...removed]).toEqual(ascending([...x].filter((n) => !y.has(n))));
    });
  });
});

describe('memory', () => {
  it('is given back: 100,000 sets made and dropped leave nothing behind', () => {
    setFlagsFromString('--expose-gc');
    const collect = runInNewContext('gc') as () => void;
    const bytesHeld = (): number => {
      collect();
      const { heapUsed, arrayBuffers } = process.memoryUsage();
      return heapUsed + arrayBuffers;
    };
    const base = ProfileSet.of(Array.from({ length: 3000 }, (_, i) => i * 37));
    const churn = (count: number): void => {
      for (let i = 0; i < count; i++) {
        const set = base.union(ProfileSet.of([i, i * 3, i * 211]));
        if (i % 10 === 0) ProfileSet.decode(set.encode());
      }
    };
    churn(2_000);
    const growth = (): number => {
      const before = bytesHeld();
      churn(100_000);
      return bytesHeld() - before;
    };
    // What else the process holds grows now and then; what leaks grows each time.
    let least = growth();
    for (let again = 0; again < 3 && least >= 4_000_000; again++) least = Math.min(least, growth());
    expect(least).toBeLessThan(4_000_000);
  });
});
