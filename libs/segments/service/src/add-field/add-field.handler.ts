import type { Aggregates, Handled } from '@muster/aggregates';
import type { CommandContext } from '@muster/kernel';
import { AGGREGATES } from '@muster/platform';
import type { FieldDefinition } from '@muster/segmentation';
import { Inject } from '@nestjs/common';
import { CommandHandler, type ICommandHandler } from '@nestjs/cqrs';
import { profileDatabaseAggregate } from '../profiles/profile-database.aggregate';
import { TypedTables } from '../profiles/typed-tables';

export class AddField {
  constructor(
    readonly databaseId: string,
    readonly field: FieldDefinition,
    readonly context: CommandContext,
  ) {}
}

@CommandHandler(AddField)
export class AddFieldHandler implements ICommandHandler<AddField, Handled> {
  constructor(
    @Inject(AGGREGATES) private readonly aggregates: Aggregates,
    private readonly tables: TypedTables,
  ) {}

  async execute({ databaseId, field, context }: AddField): Promise<Handled> {
    const command = { type: 'AddField', field } as const;
    const handled = await this.aggregates.handle(profileDatabaseAggregate, databaseId, command, context);
    await this.tables.ensure(databaseId);
    return handled;
  }
}
