import type { CommandContext } from '@muster/kernel';
import { CommandHandler, type ICommandHandler } from '@nestjs/cqrs';
import { Interactions, type RecordedInteractions } from './interactions';
import type { RawInteraction } from './read-interactions';

export class RecordInteractions {
  constructor(
    readonly databaseId: string,
    readonly interactions: readonly RawInteraction[],
    readonly context: CommandContext,
  ) {}
}

@CommandHandler(RecordInteractions)
export class RecordInteractionsHandler implements ICommandHandler<RecordInteractions, RecordedInteractions> {
  constructor(private readonly interactions: Interactions) {}

  execute({ databaseId, interactions, context }: RecordInteractions): Promise<RecordedInteractions> {
    return this.interactions.record(databaseId, interactions, context.mark);
  }
}
