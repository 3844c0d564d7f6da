import { derivedUuid, DomainError, type CommandContext } from '@muster/kernel';
import { ProfileSet } from '@muster/profile-set';
import { Injectable } from '@nestjs/common';
import { CommandBus } from '@nestjs/cqrs';
import { setTimeout as sleep } from 'node:timers/promises';
import { ChangeSegmentMembers, type ChangedMembers } from '../change-segment-members/change-segment-members.handler';

/** Blocks of one change: with these it fits into one append, whatever is in them. */
const BLOCKS_PER_CHANGE = 32;
const RUN_POLL_MS = 500;
const RUN_POLLS = 1_200;

export interface Filling {
  readonly segmentId: string;
  readonly importId: string;
  readonly databaseId: string;
  readonly profiles: ProfileSet;
}

/** Adds the profiles of an import to a static segment: once, however often it is asked to. */
@Injectable()
export class SegmentFill {
  constructor(private readonly commands: CommandBus) {}

  /** The answer of the last change, with all that were added. Refuses as {@link ChangeSegmentMembers} does. */
  async fill({ segmentId, importId, databaseId, profiles }: Filling, context: CommandContext): Promise<ChangedMembers> {
    const blocks = [...profiles.byBlock()].map(([, part]) => part);
    let last: ChangedMembers | undefined;
    let added = 0;
    for (let at = 0; at === 0 || at < blocks.length; at += BLOCKS_PER_CHANGE) {
      const part = ProfileSet.unionOf(blocks.slice(at, at + BLOCKS_PER_CHANGE));
      const changeId = derivedUuid(`${importId}/${segmentId}/${String(at)}`);
      const data = { add: { databaseId, profiles: part }, remove: [], cause: 'import' } as const;
      last = await this.commands.execute(new ChangeSegmentMembers(segmentId, changeId, data, context));
      added += last?.change.added ?? 0;
    }
    if (!last) throw new Error('a fill makes at least one change');
    return { handled: last.handled, change: { ...last.change, added } };
  }

  /** As {@link fill}; waits for a recalculation of the segment to end first. */
  async fillAfterRun(filling: Filling, context: CommandContext): Promise<void> {
    for (let polls = 1; ; polls++) {
      try {
        await this.fill(filling, context);
        return;
      } catch (error) {
        const isRunning = error instanceof DomainError && error.code === 'SEGMENT_RUN_IN_PROGRESS';
        if (!isRunning || polls === RUN_POLLS) throw error;
        await sleep(RUN_POLL_MS);
      }
    }
  }
}
