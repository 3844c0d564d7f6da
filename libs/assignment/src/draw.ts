import { hash } from 'node:crypto';

const LIMB = 2 ** 26;

/**
 * `S` of the method: `<seed>|<epoch>`, which every draw of an epoch starts from.
 *
 * @param seed 128 bits as 32 lower-case hex digits; @param epoch from 0
 * @throws {RangeError} for any other seed or epoch.
 */
export function epochText(seed: string, epoch: number): string {
  if (!/^[0-9a-f]{32}$/.test(seed)) throw new RangeError('a seed is 32 lower-case hex digits');
  if (!Number.isSafeInteger(epoch) || epoch < 0) throw new RangeError(`an epoch is an integer from 0, not ${epoch}`);
  return `${seed}|${epoch}`;
}

/** The first 13 hex digits of SHA-256 over the UTF-8 text as an integer: uniform in 0 .. 2^52 - 1. */
export function h52(text: string): number {
  return parseInt(hash('sha256', text, 'hex').slice(0, 13), 16);
}

/** floor(draw / 2^52 · size), exact for a draw below 2^52 and a size up to 2^32, in limbs of 26 bits. */
export function scaled(draw: number, size: number): number {
  const drawHigh = Math.floor(draw / LIMB);
  const drawLow = draw % LIMB;
  const sizeHigh = Math.floor(size / LIMB);
  const sizeLow = size % LIMB;
  const middle = drawHigh * sizeLow + drawLow * sizeHigh + Math.floor((drawLow * sizeLow) / LIMB);
  return drawHigh * sizeHigh + Math.floor(middle / LIMB);
}

/** a · b / divisor as whole number and remainder, exact for a and b up to 2^32, where the product is beyond 2^53. */
export function dividedProduct(a: number, b: number, divisor: number): { quotient: number; remainder: number } {
  const high = Math.floor(a / 0x10000) * b;
  const rest = (high % divisor) * 0x10000 + (a % 0x10000) * b;
  return { quotient: Math.floor(high / divisor) * 0x10000 + Math.floor(rest / divisor), remainder: rest % divisor };
}
