/** Where "now" comes from. Domain code never reads it: handlers put it into commands. */
export interface Clock {
  now(): Date;
}

/** Where ids come from: UUIDs, unique, and of no meaning. */
export interface IdGenerator {
  next(): string;
}

/** Where seeds come from: `bytes(n)` unpredictable bytes. */
export interface RandomSource {
  bytes(count: number): Uint8Array;
}
