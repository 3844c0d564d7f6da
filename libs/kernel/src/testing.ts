import type { Decider, DomainEvent } from './decider';
import { DomainError } from './domain-error';
import type { ProblemCode } from './problems';

/**
 * Given/when/then for a decider: `given(campaign, created).when(activate()).thenRejected('CAMPAIGN_HAS_NO_ACTIVITY')`.
 * Failures throw plain errors, so it works under any runner.
 */
export function given<State, Command, Event extends DomainEvent>(
  decider: Decider<State, Command, Event>,
  ...history: readonly Event[]
): { when(command: Command): Outcome<State, Event> } {
  const fold = (events: readonly Event[]): State =>
    events.reduce((state, event) => decider.evolve(state, event), decider.initialState());
  return {
    when(command: Command): Outcome<State, Event> {
      try {
        const events = decider.decide(command, fold(history));
        return new Outcome<State, Event>({ events, state: () => fold([...history, ...events]) });
      } catch (error) {
        return new Outcome<State, Event>({ error });
      }
    },
  };
}

class Outcome<State, Event extends DomainEvent> {
  constructor(private readonly result: { events: readonly Event[]; state: () => State } | { error: unknown }) {}

  /** The decision was exactly these events. */
  then(...expected: readonly Event[]): void {
    const actual = this.events();
    if (JSON.stringify(actual) !== JSON.stringify(expected)) {
      throw new Error(`expected ${JSON.stringify(expected, null, 1)}\nbut decided ${JSON.stringify(actual, null, 1)}`);
    }
  }

  /** Nothing was to be done. */
  thenNothing(): void {
    this.then();
  }

  /** The decision, for assertions on parts of it. */
  events(): readonly Event[] {
    if ('error' in this.result) throw this.result.error;
    return this.result.events;
  }

  /** The state after the decision. */
  state(): State {
    if ('error' in this.result) throw this.result.error;
    return this.result.state();
  }

  /** The command was refused with this code; the error is returned for a look at its details. */
  thenRejected(code: ProblemCode): DomainError {
    if (!('error' in this.result)) {
      throw new Error(`expected ${code} but decided ${JSON.stringify(this.result.events)}`);
    }
    const { error } = this.result;
    if (!(error instanceof DomainError)) throw error;
    if (error.code !== code) throw new Error(`expected ${code} but was refused with ${error.message}`);
    return error;
  }
}
