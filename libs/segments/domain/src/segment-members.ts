import type { MembershipCause } from '@muster/contracts';
import { DomainError, type BlockDecider } from '@muster/kernel';
import { ProfileSet } from '@muster/profile-set';
import type { SegmentMembersEvent } from '@muster/segments-events';

/** What one closed change did. */
export interface ClosedChange {
  readonly changeId: string;
  readonly added: number;
  readonly removed: number;
  readonly count: number;
}

export interface MembersHead {
  /** Members as of the last closed change. */
  count: number;
  /** A change of which so many chunks stand in the log: it can only be finished. */
  open: { readonly changeId: string; chunks: number } | null;
  /** The last closed changes, newest last: a change that is made again is known. */
  recent: ClosedChange[];
  /** Blocks that were ever written. */
  readonly blocks: Set<number>;
}

export interface MembersBlock {
  members: ProfileSet;
  /** Chunks of the open change. */
  entering: ProfileSet;
  leaving: ProfileSet;
}

/** What a change of members is about. */
export interface Change {
  readonly segmentId: string;
  readonly databaseId: string;
  readonly changeId: string;
  readonly cause: MembershipCause;
}

/** Adds and removes these; who is in both is refused. What changes nothing is left out. */
export interface ChangeMembers {
  readonly type: 'ChangeMembers';
  readonly data: Change & { readonly add: ProfileSet; readonly remove: ProfileSet };
}
/**
 * Events of a change that was worked out before ({@link replaceMembers}), all or a part of them: the last part closes it.
 * The first part must be appended at the revision that it was worked out at.
 */
export interface AppendChunks {
  readonly type: 'AppendChunks';
  readonly data: Change & { readonly events: readonly SegmentMembersEvent[] };
}
export type SegmentMembersCommand = ChangeMembers | AppendChunks;

const RECENT_CHANGES = 32;

/** The members of one segment: a set in blocks, changed by set events that hold from their closing event on. */
export const segmentMembers: BlockDecider<MembersHead, MembersBlock, SegmentMembersCommand, SegmentMembersEvent> = {
  initialHead: () => ({ count: 0, open: null, recent: [], blocks: new Set() }),
  initialBlock: () => ({ members: ProfileSet.empty(), entering: ProfileSet.empty(), leaving: ProfileSet.empty() }),

  touches({ type, data }) {
    switch (type) {
      case 'ChangeMembers':
        return data.add.union(data.remove).blocks();
      case 'AppendChunks':
        return [];
    }
  },

  decide({ type, data }, head, blocks) {
    if (head.recent.some(({ changeId }) => changeId === data.changeId)) return [];
    if (head.open && !(type === 'AppendChunks' && head.open.changeId === data.changeId)) {
      throw new DomainError('SEGMENT_RUN_IN_PROGRESS', {
        detail: 'A change of the members is being written; wait for its end.',
        extra: { runId: head.open.changeId },
      });
    }
    switch (type) {
      case 'ChangeMembers':
        return changeMembers(data, head, blocks);
      case 'AppendChunks':
        return data.events;
    }
  },

  evolveHead(head, { type, data }) {
    if (type === 'SegmentMembersChanged') {
      const { changeId, added, removed, count } = data;
      head.recent = [...head.recent, { changeId, added, removed, count }].slice(-RECENT_CHANGES);
      head.count = count;
      head.open = null;
      return head;
    }
    head.open ??= { changeId: data.changeId, chunks: 0 };
    head.open.chunks++;
    head.blocks.add(data.block);
    return head;
  },

  changes: ({ type, data }) => (type === 'SegmentMembersChanged' ? data.blocks : [data.block]),

  evolveBlock(block, _number, { type, data }) {
    switch (type) {
      case 'ProfilesEnteredSegment':
        block.entering = block.entering.union(ProfileSet.decodeBase64(data.profiles));
        return block;
      case 'ProfilesLeftSegment':
        block.leaving = block.leaving.union(ProfileSet.decodeBase64(data.profiles));
        return block;
      case 'SegmentMembersChanged':
        block.members = block.members.union(block.entering).difference(block.leaving);
        block.entering = ProfileSet.empty();
        block.leaving = ProfileSet.empty();
        return block;
    }
  },
};

function changeMembers(
  data: ChangeMembers['data'],
  head: MembersHead,
  blocks: ReadonlyMap<number, MembersBlock>,
): SegmentMembersEvent[] {
  if (!data.add.intersect(data.remove).isEmpty) {
    throw new DomainError('SEGMENT_INVALID', {
      detail: 'Some profiles are to be added and removed at once.',
      errors: [{ path: '/remove', message: 'must share no profile with add' }],
    });
  }
  const parts = data.add
    .union(data.remove)
    .blocks()
    .map((block) => {
      const members = blocks.get(block)?.members ?? ProfileSet.empty();
      return {
        block,
        entered: data.add.block(block).difference(members),
        left: data.remove.block(block).intersect(members),
      };
    });
  return chunksOf(data, head, parts);
}

/** The events that make the members exactly those found; `blocks` are all there are. */
export function replaceMembers(
  change: Change,
  found: ProfileSet,
  head: MembersHead,
  blocks: ReadonlyMap<number, MembersBlock>,
): SegmentMembersEvent[] {
  const numbers = [...new Set([...blocks.keys(), ...found.blocks()])].sort((a, b) => a - b);
  const parts = numbers.map((block) => {
    const members = blocks.get(block)?.members ?? ProfileSet.empty();
    const foundHere = found.block(block);
    return { block, entered: foundHere.difference(members), left: members.difference(foundHere) };
  });
  return chunksOf(change, head, parts);
}

interface BlockChange {
  readonly block: number;
  readonly entered: ProfileSet;
  readonly left: ProfileSet;
}

/** A chunk per block and direction, and the closing event: also for a change that changes nobody, so that it is known. */
function chunksOf(change: Change, head: MembersHead, parts: readonly BlockChange[]): SegmentMembersEvent[] {
  const { segmentId, databaseId, changeId, cause } = change;
  const events: SegmentMembersEvent[] = [];
  const blocks: number[] = [];
  let added = 0;
  let removed = 0;
  for (const { block, entered, left } of parts) {
    const base = { segmentId, databaseId, changeId, cause, block };
    if (entered.isEmpty && left.isEmpty) continue;
    blocks.push(block);
    added += entered.size;
    removed += left.size;
    if (!entered.isEmpty) {
      const data = { ...base, profiles: entered.encodeBase64(), count: entered.size };
      events.push({ type: 'ProfilesEnteredSegment', data });
    }
    if (!left.isEmpty) {
      const data = { ...base, profiles: left.encodeBase64(), count: left.size };
      events.push({ type: 'ProfilesLeftSegment', data });
    }
  }
  const count = head.count + added - removed;
  return [
    ...events,
    {
      type: 'SegmentMembersChanged',
      data: { segmentId, databaseId, changeId, cause, blocks, added, removed, count },
    },
  ];
}
