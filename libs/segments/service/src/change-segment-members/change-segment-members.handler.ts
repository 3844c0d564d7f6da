import type { Aggregates, Handled } from '@muster/aggregates';
import type { MembershipCause } from '@muster/contracts';
import { DomainError, type CommandContext } from '@muster/kernel';
import { AGGREGATES } from '@muster/platform';
import type { ProfileSet } from '@muster/profile-set';
import { requireFillable, type ClosedChange } from '@muster/segments-domain';
import { Inject } from '@nestjs/common';
import { CommandHandler, type ICommandHandler } from '@nestjs/cqrs';
import { Profiles } from '../profiles/profiles';
import { segmentAggregate, segmentMembersAggregate } from '../segments/segment.aggregates';
import { namedProfiles } from './named-profiles';

/** Profiles by external ids, or a set of a profile database that is known already. */
export type MembersInput = readonly string[] | { readonly databaseId: string; readonly profiles: ProfileSet };

/** Adds profiles to a static segment and removes others, by hand. */
export class ChangeSegmentMembers {
  constructor(
    readonly segmentId: string,
    readonly changeId: string,
    readonly data: { readonly add: MembersInput; readonly remove: MembersInput; readonly cause: MembershipCause },
    readonly context: CommandContext,
  ) {}
}

export interface ChangedMembers {
  readonly handled: Handled;
  readonly change: ClosedChange;
}

@CommandHandler(ChangeSegmentMembers)
export class ChangeSegmentMembersHandler implements ICommandHandler<ChangeSegmentMembers, ChangedMembers> {
  constructor(
    @Inject(AGGREGATES) private readonly aggregates: Aggregates,
    private readonly profiles: Profiles,
  ) {}

  async execute({ segmentId, changeId, data, context }: ChangeSegmentMembers): Promise<ChangedMembers> {
    const { state } = await this.aggregates.load(segmentAggregate, segmentId);
    const { databaseId } = requireFillable(state);
    const add = await this.resolve(databaseId, data.add, '/add');
    const remove = await this.resolve(databaseId, data.remove, '/remove');
    const { expectedRevision: _, ...unconditional } = context;
    const handled = await this.aggregates.handleBlocks(
      segmentMembersAggregate,
      segmentId,
      { type: 'ChangeMembers', data: { segmentId, databaseId, changeId, cause: data.cause, add, remove } },
      unconditional,
    );
    const { head } = await this.aggregates.loadBlocks(segmentMembersAggregate, segmentId, []);
    const change = head.recent.find((closed) => closed.changeId === changeId);
    return { handled, change: change ?? { changeId, added: 0, removed: 0, count: head.count } };
  }

  private async resolve(databaseId: string, input: MembersInput, pointer: string): Promise<ProfileSet> {
    if ('profiles' in input) {
      if (input.databaseId === databaseId) return input.profiles;
      throw new DomainError('SEGMENT_INVALID', { detail: 'The profiles are of another profile database.' });
    }
    return namedProfiles(input, await this.profiles.numbersOf(databaseId, input), pointer);
  }
}
