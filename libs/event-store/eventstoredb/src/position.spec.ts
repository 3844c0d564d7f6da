import fc from 'fast-check';
import { START, type Position } from '@muster/event-store';
import { fromPosition, toPosition } from './position';

const offset = fc.bigInt({ min: 0n, max: 2n ** 64n - 1n });
const logPosition = fc.record({ commit: offset, prepare: offset });

describe('a position', () => {
  it('comes back as it was', () => {
    fc.assert(fc.property(logPosition, (at) => expect(fromPosition(toPosition(at))).toEqual(at)));
  });

  it('compares as a string as its offsets do, the commit first', () => {
    fc.assert(
      fc.property(logPosition, logPosition, (a, b) => {
        const before = a.commit < b.commit || (a.commit === b.commit && a.prepare < b.prepare);
        expect(toPosition(a) < toPosition(b)).toBe(before);
        expect(START < toPosition(a)).toBe(true);
      }),
    );
  });

  it.each(['nonsense', '7', '0'.repeat(20), `${'0'.repeat(20)}.${'0'.repeat(19)}`])('is not %j', (text) => {
    expect(() => fromPosition(text as Position)).toThrow(RangeError);
  });
});
