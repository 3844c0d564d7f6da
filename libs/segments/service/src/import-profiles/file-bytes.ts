import { pipeline, Readable } from 'node:stream';
import { createGunzip } from 'node:zlib';

/** How large a file may be. */
export class ImportLimits {
  /** Of the file, unpacked. */
  readonly bytes: number = 16 * 1024 ** 3;
  /** Unpacked bytes for one packed byte, once {@link unsuspiciousBytes} are passed: more is a bomb. */
  readonly ratio: number = 300;
  readonly unsuspiciousBytes: number = 64 * 1024 ** 2;
}

const GZIP_MAGIC = Buffer.from([0x1f, 0x8b]);

/** The file did not come in whole, or is more than is taken. */
export class Broken extends Error {
  constructor(
    message: string,
    readonly tooLarge = false,
  ) {
    super(message);
  }
}

/** The bytes of the file: unpacked, if the first two say that it is gzip. */
export async function* unpacked(body: Readable, limits: ImportLimits): AsyncGenerator<Buffer> {
  let packed = 0;
  let total = 0;
  const received = fromSocket(body, (bytes) => (packed += bytes));
  const first = await received.next();
  const head = first.done ? Buffer.alloc(0) : first.value;
  const isGzip = head.subarray(0, 2).equals(GZIP_MAGIC);
  const file = chain(head, received);
  for await (const bytes of isGzip ? gunzip(file) : file) {
    total += bytes.length;
    if (total > limits.bytes) throw new Broken(`the file is larger than ${String(limits.bytes)} bytes`, true);
    if (isGzip && total > limits.unsuspiciousBytes && total > packed * limits.ratio) {
      throw new Broken(`the file unpacks to more than ${String(limits.ratio)} times its size`, true);
    }
    yield bytes;
  }
}

/** At least two bytes at first, so that the magic can be seen; a connection that breaks is told from other errors. */
async function* fromSocket(body: Readable, count: (bytes: number) => void): AsyncGenerator<Buffer> {
  let held: Buffer | undefined;
  try {
    for await (const bytes of body as AsyncIterable<Buffer>) {
      count(bytes.length);
      held = held ? Buffer.concat([held, bytes]) : bytes;
      if (held.length < 2) continue;
      yield held;
      held = undefined;
    }
  } catch {
    throw new Broken('the upload broke off');
  }
  if (held) yield held;
}

async function* chain(head: Buffer, rest: AsyncGenerator<Buffer>): AsyncGenerator<Buffer> {
  if (head.length > 0) yield head;
  yield* rest;
}

async function* gunzip(file: AsyncGenerator<Buffer>): AsyncGenerator<Buffer> {
  const unzip = createGunzip({ chunkSize: 256 * 1024 });
  pipeline(Readable.from(file, { objectMode: true, highWaterMark: 4 }), unzip, () => undefined);
  try {
    yield* unzip as AsyncIterable<Buffer>;
  } catch (error) {
    if (error instanceof Broken) throw error;
    throw new Broken('the gzip data is damaged or cut off');
  }
}
