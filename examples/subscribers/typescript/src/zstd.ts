import { CompressionCodecs, CompressionTypes } from 'kafkajs';
import { promisify } from 'node:util';
import * as zlib from 'node:zlib';

type Decompress = (input: Uint8Array, done: (error: Error | null, result: Buffer) => void) => void;

/**
 * Muster compresses with zstd from Node 22.15 on, with gzip before. kafkajs knows gzip only; Node itself knows zstd from
 * the same version on. A subscriber on an older Node needs a package for it where Muster runs on a newer one.
 */
export function readZstd(): void {
  const { zstdDecompress } = zlib as { readonly zstdDecompress?: Decompress };
  if (!zstdDecompress) return;
  const decompress = promisify<Uint8Array, Buffer>(zstdDecompress);
  const compress = (): Promise<Buffer> => Promise.reject(new Error('this program sends nothing'));
  CompressionCodecs[CompressionTypes.ZSTD] = () => ({ compress, decompress });
}
