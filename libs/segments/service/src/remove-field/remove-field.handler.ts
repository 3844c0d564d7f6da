import type { Aggregates, Handled } from '@muster/aggregates';
import type { CommandContext } from '@muster/kernel';
import { AGGREGATES } from '@muster/platform';
import { Inject } from '@nestjs/common';
import { CommandHandler, type ICommandHandler } from '@nestjs/cqrs';
import { profileDatabaseAggregate } from '../profiles/profile-database.aggregate';
import { TypedTables } from '../profiles/typed-tables';

export class RemoveField {
  constructor(
    readonly databaseId: string,
    readonly name: string,
    readonly context: CommandContext,
  ) {}
}

@CommandHandler(RemoveField)
export class RemoveFieldHandler implements ICommandHandler<RemoveField, Handled> {
  constructor(
    @Inject(AGGREGATES) private readonly aggregates: Aggregates,
    private readonly tables: TypedTables,
  ) {}

  async execute({ databaseId, name, context }: RemoveField): Promise<Handled> {
    const command = { type: 'RemoveField', name } as const;
    const handled = await this.aggregates.handle(profileDatabaseAggregate, databaseId, command, context);
    await this.tables.ensure(databaseId);
    return handled;
  }
}
