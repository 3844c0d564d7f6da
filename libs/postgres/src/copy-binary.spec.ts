import fc from 'fast-check';
import { RowDecoder } from './copy-binary';

const header = Buffer.concat([Buffer.from('PGCOPY\n\xff\r\n\0', 'latin1'), Buffer.alloc(8)]);
const trailer = Buffer.from([0xff, 0xff]);

function row(number: number, code: number): Buffer {
  const bytes = Buffer.alloc(16);
  bytes.writeInt16BE(2, 0);
  bytes.writeInt32BE(4, 2);
  bytes.writeUInt32BE(number, 6);
  bytes.writeInt32BE(2, 10);
  bytes.writeUInt16BE(code, 14);
  return bytes;
}

describe('decoding a binary COPY', () => {
  it('gives the same rows wherever the bytes are cut', () => {
    const rows = fc.array(fc.tuple(fc.nat(2 ** 31 - 1), fc.nat(2 ** 15 - 1)), {
      maxLength: 40,
    });
    fc.assert(
      fc.property(rows, fc.array(fc.integer({ min: 1, max: 50 }), { minLength: 1 }), (expected, cuts) => {
        const bytes = Buffer.concat([header, ...expected.map(([n, c]) => row(n, c)), trailer]);
        const decoder = new RowDecoder(['int4', 'int2']);
        const found: [number, number][] = [];
        for (let at = 0, i = 0; at < bytes.length; i++) {
          const length = cuts[i % cuts.length] ?? 1;
          const { arrays } = decoder.decode(bytes.subarray(at, at + length));
          const [numbers = [], codes = []] = arrays;
          for (let r = 0; r < numbers.length; r++) found.push([Number(numbers[r]), Number(codes[r])]);
          at += length;
        }
        decoder.end();
        expect(found).toEqual(expected);
      }),
    );
  });

  it('refuses a COPY that was cut off', () => {
    const decoder = new RowDecoder(['int4', 'int2']);
    decoder.decode(Buffer.concat([header, row(1, 2), row(3, 4).subarray(0, 9)]));
    expect(() => {
      decoder.end();
    }).toThrow('cut off');
  });

  it('refuses NULL instead of reading past it', () => {
    const withNull = row(1, 2);
    withNull.writeInt32BE(-1, 2);
    expect(() => new RowDecoder(['int4', 'int2']).decode(Buffer.concat([header, withNull]))).toThrow('NULL');
  });

  it('refuses rows with another number of columns', () => {
    expect(() => new RowDecoder(['int4']).decode(Buffer.concat([header, row(1, 2)]))).toThrow('number of columns');
  });
});
