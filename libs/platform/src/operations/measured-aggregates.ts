import type { Aggregate, Aggregates, BlockAggregate, Handled, Loaded, LoadedBlocks } from '@muster/aggregates';
import { DomainError, type CommandContext, type DomainEvent } from '@muster/kernel';
import type { Metrics } from './metrics';

/** Counts what becomes of commands, whoever sends them. */
export class MeasuredAggregates implements Aggregates {
  constructor(
    private readonly inner: Aggregates,
    private readonly metrics: Pick<Metrics, 'countCommand'>,
  ) {}

  handle<State, Command, Event extends DomainEvent>(
    aggregate: Aggregate<State, Command, Event>,
    id: string,
    command: Command,
    context: CommandContext,
  ): Promise<Handled> {
    return this.counted(aggregate.events.category, this.inner.handle(aggregate, id, command, context));
  }

  handleBlocks<Head, Block, Command, Event extends DomainEvent>(
    aggregate: BlockAggregate<Head, Block, Command, Event>,
    id: string,
    command: Command,
    context: CommandContext,
  ): Promise<Handled> {
    return this.counted(aggregate.events.category, this.inner.handleBlocks(aggregate, id, command, context));
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

  private async counted(category: string, handling: Promise<Handled>): Promise<Handled> {
    try {
      const handled = await handling;
      this.metrics.countCommand(category, outcomeOf(handled));
      return handled;
    } catch (error) {
      this.metrics.countCommand(category, error instanceof DomainError ? error.code : 'error');
      throw error;
    }
  }
}

function outcomeOf({ repeated, events }: Handled): string {
  if (repeated) return 'repeated';
  return events.length > 0 ? 'appended' : 'nothing';
}
