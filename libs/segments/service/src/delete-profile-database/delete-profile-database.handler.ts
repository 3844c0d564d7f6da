import type { Aggregates, Handled } from '@muster/aggregates';
import type { CommandContext } from '@muster/kernel';
import { AGGREGATES } from '@muster/platform';
import { Inject } from '@nestjs/common';
import { CommandHandler, type ICommandHandler } from '@nestjs/cqrs';
import { profileDatabaseAggregate } from '../profiles/profile-database.aggregate';
import { TypedTables } from '../profiles/typed-tables';

export class DeleteProfileDatabase {
  constructor(
    readonly databaseId: string,
    readonly context: CommandContext,
  ) {}
}

@CommandHandler(DeleteProfileDatabase)
export class DeleteProfileDatabaseHandler implements ICommandHandler<DeleteProfileDatabase, Handled> {
  constructor(
    @Inject(AGGREGATES) private readonly aggregates: Aggregates,
    private readonly tables: TypedTables,
  ) {}

  async execute({ databaseId, context }: DeleteProfileDatabase): Promise<Handled> {
    const command = { type: 'DeleteProfileDatabase' } as const;
    const handled = await this.aggregates.handle(profileDatabaseAggregate, databaseId, command, context);
    await this.tables.drop(databaseId);
    return handled;
  }
}
