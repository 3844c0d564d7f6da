import fc from 'fast-check';
import { ProfileSetEncodingError, decodeCodes, encodeCodes } from '.';

const codes = fc
  .record({
    highest: fc.constantFrom(0, 1, 3, 12, 15, 16, 255, 256, 1000, 65535),
    length: fc.integer({ min: 0, max: 300 }),
  })
  .chain(({ highest, length }) =>
    fc.array(fc.integer({ min: 0, max: highest }), {
      minLength: length,
      maxLength: length,
    }),
  );

describe('codes of members', () => {
  it('come back as they were', () => {
    fc.assert(
      fc.property(codes, (values) => {
        expect([...decodeCodes(encodeCodes(Uint16Array.from(values)), values.length)]).toEqual(values);
      }),
      { numRuns: 1000 },
    );
  });

  it('are refused with a clear error when they belong to another number of members or are damaged', () => {
    fc.assert(
      fc.property(codes, fc.nat(), fc.integer({ min: 0, max: 255 }), (values, at, byte) => {
        const bytes = encodeCodes(Uint16Array.from(values, (code) => code | 256));
        if (values.length > 0) expect(() => decodeCodes(bytes, values.length + 1)).toThrow(ProfileSetEncodingError);
        bytes[at % bytes.length] = byte;
        try {
          expect(decodeCodes(bytes, values.length)).toHaveLength(values.length);
        } catch (error) {
          expect(error).toBeInstanceOf(ProfileSetEncodingError);
        }
      }),
      { numRuns: 1000 },
    );
  });

  it('take less than half a byte each for a million members in twelve even strata', () => {
    let x = 1;
    const random = Uint8Array.from({ length: 1_000_000 }, () => (x = (x * 48271) % 2147483647) % 12);
    expect(encodeCodes(random).length).toBeLessThan(470_000);
  });
});
