import {
  ARRAY_LIMIT,
  BITMAP_WORDS,
  containerOfLows,
  containerOfPairs,
  containerOfWords,
  content,
  type Container,
} from './container';

/** Bytes that are not a set of profile numbers. The message says what is wrong with them; it holds no numbers of the set. */
export class ProfileSetEncodingError extends Error {
  override readonly name = 'ProfileSetEncodingError';
}

/** The blocks of a set: ascending block numbers, and the container of each. */
export interface Blocks {
  readonly numbers: readonly number[];
  readonly containers: readonly Container[];
}

const WITHOUT_RUNS = 12346;
const WITH_RUNS = 12347;
/** With runs, the offsets are left out below this number of containers. */
const OFFSETS_FROM = 4;
/** Blocks above this one would hold numbers over 2^31 - 1. */
const LAST_BLOCK = 0x7fff;
const BITMAP_BYTES = 4 * BITMAP_WORDS;

if (new Uint8Array(Uint16Array.of(1).buffer)[0] !== 1) {
  throw new Error('profile sets are read and written in place: a little-endian machine is needed');
}

/**
 * Writes the portable serialisation of Roaring (github.com/RoaringBitmap/RoaringFormatSpec). Containers have one form
 * each, so equal sets give equal bytes: those of CRoaring after `removeRunCompression` and `runOptimize`.
 */
export function writePortable({ numbers, containers }: Blocks): Uint8Array {
  const count = containers.length;
  const hasRuns = containers.some((container) => container.kind === 'runs');
  const flagBytes = hasRuns ? (count + 7) >>> 3 : 0;
  const withOffsets = !hasRuns || count >= OFFSETS_FROM;
  const headerBytes = (hasRuns ? 4 : 8) + flagBytes + 4 * count + (withOffsets ? 4 * count : 0);
  const bytes = new Uint8Array(containers.reduce((sum, container) => sum + containerBytes(container), headerBytes));
  const view = new DataView(bytes.buffer);
  view.setUint32(0, hasRuns ? WITH_RUNS | ((count - 1) << 16) : WITHOUT_RUNS, true);
  if (!hasRuns) view.setUint32(4, count, true);
  const flagsAt = 4;
  const keysAt = hasRuns ? 4 + flagBytes : 8;
  let at = headerBytes;
  containers.forEach((container, i) => {
    view.setUint16(keysAt + 4 * i, numbers[i]!, true);
    view.setUint16(keysAt + 4 * i + 2, container.size - 1, true);
    if (container.kind === 'runs') bytes[flagsAt + (i >>> 3)]! |= 1 << (i & 7);
    if (withOffsets) view.setUint32(keysAt + 4 * count + 4 * i, at, true);
    at = writeContainer(container, view, bytes, at);
  });
  return bytes;
}

/**
 * Reads the portable serialisation, canonical or not; every count, order and offset is checked against the bytes.
 *
 * @throws {ProfileSetEncodingError} if they are anything else, or hold a number over 2^31 - 1.
 */
export function readPortable(input: Uint8Array): Blocks {
  const reader = new Reader(input);
  const cookie = reader.uint32();
  const hasRuns = (cookie & 0xffff) === WITH_RUNS;
  if (!hasRuns && cookie !== WITHOUT_RUNS)
    throw new ProfileSetEncodingError('not a Roaring bitmap: unknown first bytes');
  const count = hasRuns ? (cookie >>> 16) + 1 : reader.uint32();
  if (count > LAST_BLOCK + 1) throw new ProfileSetEncodingError(`at most ${LAST_BLOCK + 1} blocks, not ${count}`);
  const flags = reader.bytes(hasRuns ? (count + 7) >>> 3 : 0);
  const heads = reader.uint16s(2 * count);
  const offsets = !hasRuns || count >= OFFSETS_FROM ? reader.uint32s(count) : undefined;
  const numbers: number[] = [];
  const containers: Container[] = [];
  for (let i = 0; i < count; i++) {
    const number = heads[2 * i]!;
    if (number > LAST_BLOCK) throw new ProfileSetEncodingError('a number is over 2147483647');
    if (i > 0 && number <= numbers[i - 1]!) throw new ProfileSetEncodingError('blocks are not in ascending order');
    if (offsets && offsets[i] !== reader.at) throw new ProfileSetEncodingError('a block is not where its offset says');
    const isRuns = ((flags[i >>> 3] ?? 0) >>> (i & 7)) & 1;
    numbers.push(number);
    containers.push(readContainer(reader, heads[2 * i + 1]! + 1, isRuns === 1));
  }
  if (reader.at !== input.length) throw new ProfileSetEncodingError('bytes follow the last block');
  return { numbers, containers };
}

function containerBytes(container: Container): number {
  switch (container.kind) {
    case 'array':
      return 2 * container.size;
    case 'bitmap':
      return BITMAP_BYTES;
    case 'runs':
      return 2 + 2 * container.pairs.length;
  }
}

function writeContainer(container: Container, view: DataView, bytes: Uint8Array, at: number): number {
  let from = at;
  if (container.kind === 'runs') {
    view.setUint16(from, container.pairs.length >>> 1, true);
    from += 2;
  }
  const values = content(container);
  bytes.set(new Uint8Array(values.buffer, values.byteOffset, values.byteLength), from);
  return from + values.byteLength;
}

function readContainer(reader: Reader, size: number, isRuns: boolean): Container {
  const container = isRuns ? readRuns(reader) : size <= ARRAY_LIMIT ? readArray(reader, size) : readBitmap(reader);
  if (container?.size !== size) throw new ProfileSetEncodingError('a block does not hold as many numbers as it says');
  return container;
}

function readArray(reader: Reader, size: number): Container | undefined {
  const lows = reader.uint16s(size);
  for (let i = 1; i < size; i++) {
    if (lows[i]! <= lows[i - 1]!) throw new ProfileSetEncodingError('numbers are not in ascending order');
  }
  return containerOfLows(lows);
}

function readBitmap(reader: Reader): Container | undefined {
  return containerOfWords(reader.uint32s(BITMAP_WORDS));
}

function readRuns(reader: Reader): Container | undefined {
  const pairs = reader.uint16s(2 * reader.uint16());
  let next = 0;
  for (let i = 0; i < pairs.length; i += 2) {
    if (pairs[i]! < next) throw new ProfileSetEncodingError('runs are not in ascending order');
    next = pairs[i]! + pairs[i + 1]! + 1;
    if (next > 0x10000) throw new ProfileSetEncodingError('a run leaves its block');
  }
  return containerOfPairs(pairs);
}

/** Reads little-endian numbers in order; arrays are copies, since the input may lie at any address. */
class Reader {
  at = 0;

  constructor(private readonly input: Uint8Array) {}

  bytes(count: number): Uint8Array {
    if (count > this.input.length - this.at) throw new ProfileSetEncodingError('the bytes end too early');
    const from = this.at;
    this.at += count;
    return new Uint8Array(this.input.subarray(from, this.at));
  }

  uint16(): number {
    return this.uint16s(1)[0]!;
  }

  uint32(): number {
    return this.uint32s(1)[0]!;
  }

  uint16s(count: number): Uint16Array {
    return new Uint16Array(this.bytes(2 * count).buffer);
  }

  uint32s(count: number): Uint32Array {
    return new Uint32Array(this.bytes(4 * count).buffer);
  }
}
