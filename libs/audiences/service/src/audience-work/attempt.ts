/** One worker's turn at an audience. */
export interface Attempt {
  /** Throws {@link Interrupted} when the turn is over: the lease may be another's, or the process stops. */
  check(): void;
}

/** Nothing went wrong: whoever has the next turn goes on from the log. */
export class Interrupted extends Error {
  override readonly name = 'Interrupted';
}
