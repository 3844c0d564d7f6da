import type { Aggregates, Handled } from '@muster/aggregates';
import type { CommandContext, RandomSource } from '@muster/kernel';
import { AGGREGATES, RANDOM } from '@muster/platform';
import type { FieldDefinition } from '@muster/segmentation';
import { Inject } from '@nestjs/common';
import { CommandHandler, type ICommandHandler } from '@nestjs/cqrs';
import { profileDatabaseAggregate } from '../profiles/profile-database.aggregate';
import { TypedTables } from '../profiles/typed-tables';

export class CreateProfileDatabase {
  constructor(
    readonly databaseId: string,
    readonly data: {
      readonly name: string;
      readonly fields: readonly FieldDefinition[];
      readonly publishExternalIds: boolean;
    },
    readonly context: CommandContext,
  ) {}
}

const SALT_BYTES = 16;

@CommandHandler(CreateProfileDatabase)
export class CreateProfileDatabaseHandler implements ICommandHandler<CreateProfileDatabase, Handled> {
  constructor(
    @Inject(AGGREGATES) private readonly aggregates: Aggregates,
    @Inject(RANDOM) private readonly random: RandomSource,
    private readonly tables: TypedTables,
  ) {}

  async execute({ databaseId, data, context }: CreateProfileDatabase): Promise<Handled> {
    const salt = Buffer.from(this.random.bytes(SALT_BYTES)).toString('hex');
    const command = { type: 'CreateProfileDatabase', databaseId, ...data, salt } as const;
    const handled = await this.aggregates.handle(profileDatabaseAggregate, databaseId, command, context);
    await this.tables.ensure(databaseId);
    return handled;
  }
}
