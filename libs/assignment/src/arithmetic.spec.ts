import fc from 'fast-check';
import { dividedProduct, h52, scaled } from './draw';
import { fmix32, range, rank, rankKey, ranksOf } from './permutation';
import { smallest } from './selection';

const word = fc.integer({ min: 0, max: 0xffffffff });
const edgy = fc.oneof(word, fc.constantFrom(0, 1, 9_999, 10_000, 0x7fffffff, 0x80000000, 0xffffffff, 0x100000000));
const runs = { numRuns: 5000 };

function slowFmix32(value: bigint): bigint {
  const mask = 0xffffffffn;
  let h = value;
  h ^= h >> 16n;
  h = (h * 0x85ebca6bn) & mask;
  h ^= h >> 13n;
  h = (h * 0xc2b2ae35n) & mask;
  return h ^ (h >> 16n);
}

describe('the arithmetic is exact', () => {
  it('in fmix32', () => {
    fc.assert(
      fc.property(word, (n) => expect(BigInt(fmix32(n))).toBe(slowFmix32(BigInt(n)))),
      runs,
    );
    expect(fmix32(0)).toBe(0);
    expect(fmix32(1)).toBe(0x514e28b7);
  });

  it('in scaling a draw of 52 bits', () => {
    fc.assert(
      fc.property(
        fc.oneof(
          fc.maxSafeNat().map((n) => n % 2 ** 52),
          fc.constantFrom(0, 2 ** 52 - 1, 2 ** 51),
        ),
        edgy,
        (draw, size) => {
          expect(BigInt(scaled(draw, size))).toBe((BigInt(draw) * BigInt(size)) >> 52n);
        },
      ),
      runs,
    );
  });

  it('in dividing a product beyond 2^53', () => {
    fc.assert(
      fc.property(
        edgy,
        edgy,
        edgy.filter((n) => n > 0),
        (a, b, divisor) => {
          fc.pre((BigInt(a) * BigInt(b)) / BigInt(divisor) <= 2n ** 53n);
          const { quotient, remainder } = dividedProduct(a, b, divisor);
          expect(BigInt(quotient)).toBe((BigInt(a) * BigInt(b)) / BigInt(divisor));
          expect(BigInt(remainder)).toBe((BigInt(a) * BigInt(b)) % BigInt(divisor));
        },
      ),
      runs,
    );
  });

  it('in the draw: 13 hex digits of SHA-256', () => {
    expect(h52('abc')).toBe(0xba7816bf8f01c);
  });
});

describe('the keyed order', () => {
  const key = rankKey('range', 'salt');

  it('gives no two numbers the same rank', () => {
    const numbers = Uint32Array.from({ length: 300_000 }, (_, i) => (i * 14_321) >>> 0);
    const ranks = ranksOf(key, numbers);
    expect(new Set(ranks).size).toBe(numbers.length);
    expect(ranks[77]).toBe(rank(key, numbers[77]!));
  });

  it('has another key for each word and source', () => {
    const keys = (['rank', 'range', 'limit', 'gcg'] as const).flatMap((w) =>
      ['a', 'b'].map((s) => rankKey(w, s).join()),
    );
    expect(new Set(keys).size).toBe(8);
  });

  it('spreads profiles evenly over the hundredths of a percent', () => {
    const cells = new Array<number>(100).fill(0);
    for (let n = 0; n < 200_000; n++) cells[Math.floor(range(key, n) / 100)]!++;
    const chiSquare = cells.reduce((sum, count) => sum + (count - 2000) ** 2 / 2000, 0);
    expect(chiSquare).toBeLessThan(160); // 99 degrees of freedom: p < 0.0001 beyond
    expect(chiSquare).toBeGreaterThan(50);
  });

  it('takes the same profiles for a limit whatever their order, and those of a smaller limit among those of a larger', () => {
    const unique = fc.uniqueArray(word, { maxLength: 60 });
    fc.assert(
      fc.property(unique, fc.nat({ max: 70 }), fc.nat({ max: 70 }), (numbers, a, b) => {
        const take = (of: number[], count: number) => [...smallest(key, Uint32Array.from(of), count)];
        const expected = [...numbers].sort((x, y) => rank(key, x) - rank(key, y)).slice(0, a);
        expect(take(numbers, a)).toEqual(expected.sort((x, y) => x - y));
        expect(take([...numbers].reverse(), a)).toEqual(expected);
        const larger = new Set(take(numbers, Math.max(a, b)));
        expect(take(numbers, Math.min(a, b)).every((n) => larger.has(n))).toBe(true);
      }),
      { numRuns: 1000 },
    );
  });
});
