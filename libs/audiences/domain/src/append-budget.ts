/** Event data that goes into one append: below the store's limit, with room for metadata. */
export const APPEND_BUDGET = 900_000;

/** What an event takes beside its sets: ids, counts, metadata. */
const ENVELOPE = 900;
/** One entry of a list of counts as JSON. */
const STRATUM = 40;

/** At most this many bytes of base64 for a set of one block: numbers of two bytes, or a bitmap of 8 KiB. */
export function setBytes(count: number): number {
  return base64(Math.min(2 * count, 8192) + 32);
}

/** At most this many bytes of base64 for stratum codes: packed into 1, 2, 4, 8 or 16 bits each. */
export function codesBytes(count: number, strata: number): number {
  const bits = strata <= 1 ? 0 : strata <= 2 ? 1 : strata <= 4 ? 2 : strata <= 16 ? 4 : strata <= 256 ? 8 : 16;
  // deflate stores what it cannot shrink in blocks with a head of a few bytes
  return base64(Math.ceil((count * bits) / 8) * 1.001 + 64);
}

/** At most this many bytes for the plan of a block: its newcomers with their strata, and its leavers. */
export function planBytes(newcomers: number, leavers: number, strata: number): number {
  return ENVELOPE + setBytes(newcomers) + codesBytes(newcomers, strata) + (leavers === 0 ? 0 : setBytes(leavers));
}

/** At most this many bytes for the outcome of a block: newcomers (as many control as may be), leavers, and counts. */
export function blockBytes(entered: number, left: number, strata: number): number {
  const newcomers = entered === 0 ? 0 : 2 * setBytes(entered) + codesBytes(entered, strata);
  return 2 * ENVELOPE + newcomers + setBytes(left) + Math.min(strata, entered) * STRATUM;
}

/** Cuts blocks into runs that each go into one append, in order; a block alone always does. */
export function appendsOf<T>(blocks: readonly T[], bytesOf: (block: T) => number, budget = APPEND_BUDGET): T[][] {
  const appends: T[][] = [];
  let bytes = Infinity;
  for (const block of blocks) {
    const size = bytesOf(block);
    if (bytes + size > budget) {
      appends.push([]);
      bytes = 0;
    }
    appends.at(-1)?.push(block);
    bytes += size;
  }
  return appends;
}

function base64(bytes: number): number {
  return 4 * Math.ceil(bytes / 3);
}
