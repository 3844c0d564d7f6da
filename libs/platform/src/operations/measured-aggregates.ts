import type { Aggregate, Aggregates, BlockAggregate, Handled, Loaded, LoadedBlocks } from '@muster/aggregates';
import { DomainError, type CommandContext, type DomainEvent } from '@muster/kernel';
import { inSpan } from '@muster/tracing';
import type { RequestFigures } from './request-figures';

/** Counts what becomes of commands, whoever sends them, and tells of each in the trace that it belongs to. */
export class MeasuredAggregates implements Aggregates {
  constructor(
    private readonly inner: Aggregates,
    private readonly figures: Pick<RequestFigures, 'countCommand'>,
  ) {}

  handle<State, Command, Event extends DomainEvent>(
    aggregate: Aggregate<State, Command, Event>,
    id: string,
    command: Command,
    context: CommandContext,
  ): Promise<Handled> {
    const { category } = aggregate.events;
    return this.told(category, id, command, () => this.inner.handle(aggregate, id, command, context));
  }

  handleBlocks<Head, Block, Command, Event extends DomainEvent>(
    aggregate: BlockAggregate<Head, Block, Command, Event>,
    id: string,
    command: Command,
    context: CommandContext,
  ): Promise<Handled> {
    const { category } = aggregate.events;
    return this.told(category, id, command, () => this.inner.handleBlocks(aggregate, id, command, context));
  }

  load<State, Command, Event extends DomainEvent>(
    aggregate: Aggregate<State, Command, Event>,
    id: string,
  ): Promise<Loaded<State>> {
    return this.inner.load(aggregate, id);
  }

  loadBlocks<Head, Block, Command, Event extends DomainEvent>(
    aggregate: BlockAggregate<Head, Block, Command, Event>,
    id: string,
    blocks: readonly number[] | 'all',
  ): Promise<LoadedBlocks<Head, Block>> {
    return this.inner.loadBlocks(aggregate, id, blocks);
  }

  private told(category: string, id: string, command: unknown, handling: () => Promise<Handled>): Promise<Handled> {
    const name = `command ${category}.${nameOf(command)}`;
    return inSpan({ name, attributes: { 'muster.aggregate': id } }, async (span) => {
      const count = (outcome: string): void => {
        this.figures.countCommand(category, outcome);
        span?.setAttribute('muster.outcome', outcome);
      };
      try {
        const handled = await handling();
        count(outcomeOf(handled));
        return handled;
      } catch (error) {
        count(error instanceof DomainError ? error.code : 'error');
        throw error;
      }
    });
  }
}

/** Commands of one aggregate are told apart by their `type`. */
function nameOf(command: unknown): string {
  const named = typeof command === 'object' && command !== null && 'type' in command;
  return named && typeof command.type === 'string' ? command.type : 'command';
}

function outcomeOf({ repeated, events }: Handled): string {
  if (repeated) return 'repeated';
  return events.length > 0 ? 'appended' : 'nothing';
}
