import type { DomainEvent } from '@muster/kernel';
import { defineEvents } from '@muster/event-store';
import type { MembershipCause } from '@muster/contracts';

/** Profiles of one block of numbers; one event holds at most one block, so one profile is found by a keyed read. */
interface MembersChunk {
  readonly segmentId: string;
  readonly databaseId: string;
  /** The run or call this belongs to; nothing of it holds before its `SegmentMembersChanged`. */
  readonly changeId: string;
  readonly cause: MembershipCause;
  readonly block: number;
  /** Base64 of a portable Roaring bitmap of profile numbers. */
  readonly profiles: string;
  readonly count: number;
}

export type ProfilesEnteredSegment = DomainEvent<'ProfilesEnteredSegment', MembersChunk>;
export type ProfilesLeftSegment = DomainEvent<'ProfilesLeftSegment', MembersChunk>;
/** Closes a change: its chunks hold from this revision on. */
export type SegmentMembersChanged = DomainEvent<
  'SegmentMembersChanged',
  {
    readonly segmentId: string;
    readonly databaseId: string;
    readonly changeId: string;
    readonly cause: MembershipCause;
    /** The blocks that the chunks of this change touched. */
    readonly blocks: readonly number[];
    readonly added: number;
    readonly removed: number;
    readonly count: number;
  }
>;

export type SegmentMembersEvent = ProfilesEnteredSegment | ProfilesLeftSegment | SegmentMembersChanged;

const chunk = {
  segmentId: 's-1',
  databaseId: 'db-1',
  changeId: 'r-1',
  cause: 'conditions',
  block: 0,
  profiles: 'OjAAAAEAAAAAAAIAEAAAAAEAAgADAA==',
  count: 3,
};

export const segmentMembersEvents = defineEvents<SegmentMembersEvent>('segmentMembers', {
  ProfilesEnteredSegment: { version: 1, examples: [chunk] },
  ProfilesLeftSegment: { version: 1, examples: [chunk] },
  SegmentMembersChanged: {
    version: 1,
    examples: [
      {
        segmentId: 's-1',
        databaseId: 'db-1',
        changeId: 'r-1',
        cause: 'conditions',
        blocks: [0],
        added: 3,
        removed: 0,
        count: 3,
      },
    ],
  },
});
