import type { Aggregates } from '@muster/aggregates';
import type { UseOf } from '@muster/contracts';
import { unmarked, type CommandContext } from '@muster/kernel';
import { AGGREGATES } from '@muster/platform';
import { fieldsOf, type Condition } from '@muster/segmentation';
import { Inject, Injectable } from '@nestjs/common';
import { profileDatabaseAggregate } from '../profiles/profile-database.aggregate';
import { Profiles } from '../profiles/profiles';
import { Conditions } from './conditions';

/** What a segment needs of its profile database: a condition that fits its fields, and the word that it uses them. */
@Injectable()
export class SegmentDefinitions {
  constructor(
    @Inject(AGGREGATES) private readonly aggregates: Aggregates,
    private readonly profiles: Profiles,
    private readonly conditions: Conditions,
  ) {}

  /** The valid condition of a script; `null` and nothing stand for every profile. */
  async check(databaseId: string, script: unknown): Promise<Condition | null> {
    const { fields } = await this.profiles.tableOf(databaseId);
    return script === null || script === undefined ? null : this.conditions.check(script, { fields });
  }

  /** Checks and keeps a script, registers the use of database and fields, and answers with the hash. */
  async adopt(databaseId: string, script: unknown, user: UseOf, context: CommandContext): Promise<string | null> {
    const condition = await this.check(databaseId, script);
    await this.aggregates.handle(
      profileDatabaseAggregate,
      databaseId,
      { type: 'RegisterFieldUse', fields: condition ? fieldsOf(condition) : [], user },
      unmarked(context),
    );
    return condition ? this.conditions.keep(condition) : null;
  }
}
