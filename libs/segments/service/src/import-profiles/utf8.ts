import { isUtf8 } from 'node:buffer';

const nonAscii = /[\x80-\xff]/;

/**
 * Bytes as one-byte characters (`latin1`) to text; `undefined` where they are no UTF-8. Structure (delimiters, quotes,
 * line breaks) is ASCII and reads the same in both, so files are cut into cells first and only what needs it is decoded:
 * offsets stay byte offsets, and a fault belongs to one cell.
 */
export function textOf(latin1: string): string | undefined {
  if (!nonAscii.test(latin1)) return latin1;
  const bytes = Buffer.from(latin1, 'latin1');
  return isUtf8(bytes) ? bytes.toString('utf8') : undefined;
}
