import type { Aggregate, BlockAggregate } from '@muster/aggregates';
import { ProfileSet } from '@muster/profile-set';
import {
  segment,
  segmentMembers,
  type ClosedChange,
  type MembersBlock,
  type MembersHead,
  type Segment,
  type SegmentCommand,
  type SegmentMembersCommand,
} from '@muster/segments-domain';
import {
  segmentEvents,
  segmentMembersEvents,
  type SegmentEvent,
  type SegmentMembersEvent,
} from '@muster/segments-events';

export const segmentAggregate: Aggregate<Segment, SegmentCommand, SegmentEvent> = {
  events: segmentEvents,
  decider: segment,
};

interface HeadRecord {
  readonly count: number;
  readonly open: MembersHead['open'];
  readonly recent: ClosedChange[];
  readonly blocks: number[];
}

/** The members of a segment; its snapshots are disposable and hold nothing but profile numbers. */
export const segmentMembersAggregate: BlockAggregate<
  MembersHead,
  MembersBlock,
  SegmentMembersCommand,
  SegmentMembersEvent
> = {
  ...segmentMembers,
  events: segmentMembersEvents,
  snapshot: {
    version: 1,
    encodeHead(head) {
      const record: HeadRecord = {
        count: head.count,
        open: head.open,
        recent: head.recent,
        blocks: [...head.blocks],
      };
      return Buffer.from(JSON.stringify(record));
    },
    decodeHead(bytes) {
      const { count, open, recent, blocks } = JSON.parse(Buffer.from(bytes).toString()) as HeadRecord;
      return { count, open, recent, blocks: new Set(blocks) };
    },
    encodeBlock({ members, entering, leaving }) {
      return Buffer.from(JSON.stringify([members, entering, leaving].map((set) => set.encodeBase64())));
    },
    decodeBlock(bytes) {
      const texts = JSON.parse(Buffer.from(bytes).toString()) as string[];
      const [members, entering, leaving] = texts.map((text) => ProfileSet.decodeBase64(text));
      const empty = ProfileSet.empty();
      return { members: members ?? empty, entering: entering ?? empty, leaving: leaving ?? empty };
    },
  },
};
