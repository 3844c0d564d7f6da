import type { ExpectedRevision } from './event-store';

/** The stream is not where the caller thought. `actual` is its revision, -1 where it does not exist. */
export class WrongExpectedRevision extends Error {
  override readonly name = 'WrongExpectedRevision';
  constructor(
    readonly stream: string,
    readonly expected: ExpectedRevision,
    readonly actual: number,
  ) {
    super(`stream ${stream}: expected ${String(expected)}, is at ${String(actual)}`);
  }
}

/** The stream was deleted for good. */
export class StreamDeleted extends Error {
  override readonly name = 'StreamDeleted';
  constructor(readonly stream: string) {
    super(`stream ${stream} was deleted`);
  }
}

/** An event or an append is over the limit; nothing was sent. */
export class EventTooLarge extends Error {
  override readonly name = 'EventTooLarge';
  constructor(
    readonly stream: string,
    readonly what: string,
    readonly bytes: number,
    readonly limit: number,
  ) {
    super(`stream ${stream}: ${what} takes ${String(bytes)} bytes, at most ${String(limit)} are allowed`);
  }
}

/** The store could not be reached or did not answer. The outcome of an append is unknown: retry with the same ids. */
export class StoreUnavailable extends Error {
  override readonly name = 'StoreUnavailable';
}
