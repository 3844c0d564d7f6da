/** The numbers that Postgres's `int4send` has written one after the other; the bytes are kept as they are. */
export function unpacked(bytes: Uint8Array): Uint32Array {
  return new Uint32Array(aligned(bytes).swap32().buffer);
}

/** As {@link unpacked}, of `int2send`. */
export function unpackedShorts(bytes: Uint8Array): Uint16Array {
  return new Uint16Array(aligned(bytes).swap16().buffer);
}

/** A copy that starts a buffer of its own: typed arrays begin at multiples of their width. */
function aligned(bytes: Uint8Array): Buffer {
  return Buffer.from(new Uint8Array(bytes).buffer);
}
