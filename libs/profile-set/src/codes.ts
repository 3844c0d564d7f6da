import { constants, deflateRawSync, inflateRawSync } from 'node:zlib';
import { ProfileSetEncodingError } from './portable-format';

type Width = 0 | 1 | 2 | 4 | 8 | 16;

/**
 * One small code (0 .. 65,535) per member of a set, in set order, as bytes: the first says how many bits a code takes
 * (0: all are 0), the rest is a raw deflate stream (RFC 1951) of the codes packed at that width, the first in the lowest
 * bits, 16 bits little-endian. Packing before deflating lets one Huffman symbol stand for several codes.
 */
export function encodeCodes(codes: Uint8Array | Uint16Array): Uint8Array {
  const width = widthFor(codes);
  const packed = pack(codes, width);
  const deflated = deflateRawSync(packed, {
    level: 6,
    strategy: constants.Z_RLE,
    memLevel: 9,
  });
  const bytes = new Uint8Array(1 + deflated.length);
  bytes[0] = width;
  bytes.set(deflated, 1);
  return bytes;
}

/**
 * Reads what {@link encodeCodes} wrote for `count` members.
 *
 * @throws {ProfileSetEncodingError} for anything else; another count is noticed where it takes another number of bytes.
 */
export function decodeCodes(bytes: Uint8Array, count: number): Uint16Array {
  const width = bytes[0];
  if (!isWidth(width)) throw new ProfileSetEncodingError('not a list of codes: unknown width');
  const expected = packedBytes(count, width);
  return unpack(inflate(bytes.subarray(1), expected), width, count);
}

function inflate(deflated: Uint8Array, expected: number): Uint8Array {
  let packed: Uint8Array;
  try {
    packed = inflateRawSync(deflated, {
      maxOutputLength: Math.max(1, expected),
    });
  } catch {
    throw new ProfileSetEncodingError('not a list of codes: it cannot be inflated to one code per member');
  }
  if (packed.length !== expected) throw new ProfileSetEncodingError('the codes are not as many as the members');
  return packed;
}

function widthFor(codes: Uint8Array | Uint16Array): Width {
  let all = 0;
  for (let i = 0; i < codes.length; i++) all |= codes[i]!;
  return all === 0 ? 0 : all < 2 ? 1 : all < 4 ? 2 : all < 16 ? 4 : all < 256 ? 8 : 16;
}

function isWidth(value: number | undefined): value is Width {
  return value === 0 || value === 1 || value === 2 || value === 4 || value === 8 || value === 16;
}

function packedBytes(count: number, width: Width): number {
  return Math.ceil((count * width) / 8);
}

function pack(codes: Uint8Array | Uint16Array, width: Width): Uint8Array {
  const packed = new Uint8Array(packedBytes(codes.length, width));
  if (width === 16) {
    for (let i = 0; i < codes.length; i++) {
      packed[2 * i] = codes[i]!;
      packed[2 * i + 1] = codes[i]! >>> 8;
    }
  } else if (width > 0) {
    const perByte = 8 / width;
    for (let i = 0; i < codes.length; i++) packed[Math.floor(i / perByte)]! |= codes[i]! << ((i % perByte) * width);
  }
  return packed;
}

function unpack(packed: Uint8Array, width: Width, count: number): Uint16Array {
  const codes = new Uint16Array(count);
  if (width === 16) {
    for (let i = 0; i < count; i++) codes[i] = packed[2 * i]! | (packed[2 * i + 1]! << 8);
  } else if (width > 0) {
    const perByte = 8 / width;
    const mask = (1 << width) - 1;
    for (let i = 0; i < count; i++) codes[i] = (packed[Math.floor(i / perByte)]! >>> ((i % perByte) * width)) & mask;
  }
  return codes;
}
