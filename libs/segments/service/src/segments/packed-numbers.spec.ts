import fc from 'fast-check';
import { ascending, unpacked, unpackedShorts } from './packed-numbers';

describe('packed numbers', () => {
  const sets = fc.oneof(
    fc.uniqueArray(fc.nat(2 ** 31 - 1), { maxLength: 200 }),
    fc.uniqueArray(fc.nat(3_000), { maxLength: 1_000 }),
  );

  it('are brought into ascending order, dense or sparse', () => {
    fc.assert(
      fc.property(sets, (numbers) => {
        expect([...ascending(Uint32Array.from(numbers))]).toEqual([...numbers].sort((a, b) => a - b));
      }),
    );
  });

  it('are read as Postgres has written them, and the bytes are kept', () => {
    const bytes = Buffer.from('00010002fffffffe', 'hex');
    const before = Buffer.from(bytes);
    expect([...unpacked(bytes)]).toEqual([0x0001_0002, 0xffff_fffe]);
    expect([...unpackedShorts(bytes)]).toEqual([1, 2, 0xffff, 0xfffe]);
    expect(bytes.equals(before)).toBe(true);
  });
});
