/** A fact, as the domain sees it: a literal type name and its data. Ids, time and seeds came in with the command. */
export interface DomainEvent<T extends string = string, D = unknown> {
  readonly type: T;
  readonly data: D;
}

/**
 * The rules of one kind of stream, pure: no clock, no randomness, no I/O.
 *
 * `decide` throws a {@link DomainError} to refuse; an empty array means "nothing to do".
 * `evolve` may mutate the state it is handed (the fold owns it) and must never copy a collection per event.
 */
export interface Decider<State, Command, Event extends DomainEvent> {
  initialState(): State;
  decide(command: Command, state: State): readonly Event[];
  evolve(state: State, event: Event): State;
}

/**
 * The rules of a stream whose state is cut into blocks of 65,536 profile numbers: a small head, and a part per block
 * that is loaded only where a command touches it. Pure, as {@link Decider} is.
 */
export interface BlockDecider<Head, Block, Command, Event extends DomainEvent> {
  initialHead(): Head;
  initialBlock(): Block;
  /** The blocks that deciding needs; looked up in the head at the same revision. */
  touches(command: Command, head: Head): readonly number[] | 'all';
  /** Blocks that were never written are absent. */
  decide(command: Command, head: Head, blocks: ReadonlyMap<number, Block>): readonly Event[];
  /** May mutate; never sees a block. */
  evolveHead(head: Head, event: Event): Head;
  /** The blocks that this event changes; asked after `evolveHead`. */
  changes(event: Event): readonly number[];
  /** May mutate the block; called once for every block of `changes`. */
  evolveBlock(block: Block, blockNumber: number, event: Event): Block;
}

/** For the `default` of a switch over a union: the compiler refuses it while a case is missing. */
export function unreachable(value: never): never {
  throw new Error(`unreachable: ${JSON.stringify(value)}`);
}
