/**
 * A place in the global order of one store. Opaque; two positions of the same store compare as strings
 * (`a < b`), which is also their order in a Postgres column with `COLLATE "C"`. Positions belong to one store:
 * nothing that must survive a copy of the log to another store may hold one.
 */
export type Position = string & { readonly __position: unique symbol };

/** Before the first event of any store. */
export const START = '' as Position;

export function isBefore(a: Position, b: Position): boolean {
  return a < b;
}
