import { encodeCodes, ProfileSet } from '@muster/profile-set';
import fc from 'fast-check';
import { appendsOf, codesBytes, setBytes } from './append-budget';

const base64 = (bytes: Uint8Array): number => Buffer.from(bytes).toString('base64').length;
const lows = fc.tuple(fc.integer({ min: 1, max: 65_536 }), fc.integer({ min: 0, max: 0xffff })).map(([count, seed]) => {
  const numbers = Array.from({ length: count }, (_, i) => (Math.imul(i + seed, 0x9e3779b1) >>> 0) % 65_536);
  return ProfileSet.of(numbers);
});

it('no set of a block takes more than its bound', () => {
  fc.assert(
    fc.property(lows, (set) => set.encodeBase64().length <= setBytes(set.size)),
    { numRuns: 60 },
  );
});

it('no list of codes takes more than its bound', () => {
  const lists = fc.tuple(fc.integer({ min: 1, max: 2_000 }), fc.integer({ min: 0, max: 65_536 }), fc.nat());
  fc.assert(
    fc.property(lists, ([strata, count, seed]) => {
      const codes = Uint16Array.from({ length: count }, (_, i) => Math.imul(i ^ seed, 0x85ebca6b) >>> (0 % 65_536)).map(
        (code) => code % strata,
      );
      return base64(encodeCodes(codes)) <= codesBytes(count, strata);
    }),
    { numRuns: 60 },
  );
});

it('blocks go into appends in order, each below the budget, none without need', () => {
  const sizes = fc.array(fc.integer({ min: 1, max: 60 }), { maxLength: 40 });
  fc.assert(
    fc.property(sizes, (blocks) => {
      const appends = appendsOf(blocks, (size) => size, 100);
      const sum = (append: readonly number[]): number => append.reduce((a, b) => a + b, 0);
      expect(appends.flat()).toEqual(blocks);
      for (const append of appends) expect(sum(append)).toBeLessThanOrEqual(100);
      appends.slice(1).forEach((append, i) => {
        expect(sum(appends[i]!) + append[0]!).toBeGreaterThan(100);
      });
    }),
    { numRuns: 1_000 },
  );
});
