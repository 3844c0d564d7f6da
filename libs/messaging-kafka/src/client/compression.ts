import { CompressionCodecs, CompressionTypes } from 'kafkajs';
import { promisify } from 'node:util';
import * as zlib from 'node:zlib';

type Transform = (input: Uint8Array) => Promise<Buffer>;

interface Codec {
  compress(encoder: { readonly buffer: Buffer }): Promise<Buffer>;
  decompress(buffer: Buffer): Promise<Buffer>;
}

/** Not in the types of Node 20, and not in Node 20. */
interface Zstd {
  readonly zstdCompress?: (input: Uint8Array, done: (error: Error | null, result: Buffer) => void) => void;
  readonly zstdDecompress?: (input: Uint8Array, done: (error: Error | null, result: Buffer) => void) => void;
}

const gzip = promisify<Uint8Array, zlib.ZlibOptions, Buffer>(zlib.gzip);
const gunzip: Transform = promisify<Uint8Array, Buffer>(zlib.gunzip);
const { zstdCompress, zstdDecompress }: Zstd = zlib as unknown as Zstd;

/**
 * What producers use here: zstd where this Node has it (22.15 and later), else gzip. Every reader must know zstd before
 * the first producer does: change all of a system at once.
 */
export const COMPRESSION = zstdCompress ? CompressionTypes.ZSTD : CompressionTypes.GZIP;

/** Teaches kafkajs what it cannot read, and the gzip level that costs a third of the usual for nearly the same size. */
export function registerCodecs(): void {
  CompressionCodecs[CompressionTypes.GZIP] = codec((input) => gzip(input, { level: 1 }), gunzip);
  if (!zstdCompress || !zstdDecompress) return;
  CompressionCodecs[CompressionTypes.ZSTD] = codec(
    promisify<Uint8Array, Buffer>(zstdCompress),
    promisify<Uint8Array, Buffer>(zstdDecompress),
  );
}

function codec(compress: Transform, decompress: Transform): () => Codec {
  return () => ({ compress: ({ buffer }) => compress(buffer), decompress });
}
