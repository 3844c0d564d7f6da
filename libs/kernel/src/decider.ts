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

/** For the `default` of a switch over a union: the compiler refuses it while a case is missing. */
export function unreachable(value: never): never {
  throw new Error(`unreachable: ${JSON.stringify(value)}`);
}
