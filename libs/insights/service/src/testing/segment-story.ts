import type { MembershipCause } from '@muster/contracts';
import { blockOf, ProfileSet } from '@muster/profile-set';
import type { SegmentEvent, SegmentMembersEvent } from '@muster/segments-events';
import { randomUUID } from 'node:crypto';

/** Writes the events of one segment as its service would, from what a test wants to have happened. */
export class SegmentStory {
  readonly segmentId = randomUUID();
  private count = 0;

  constructor(
    readonly databaseId: string,
    readonly name = 'Adults',
  ) {}

  get stream(): string {
    return `segment-${this.segmentId}`;
  }

  get membersStream(): string {
    return `segmentMembers-${this.segmentId}`;
  }

  created(): SegmentEvent {
    const { segmentId, databaseId, name } = this;
    const selection = { conditionHash: null, range: { from: 0, to: 10_000 }, limit: null };
    const about = { segmentId, databaseId, name, kind: 'static' as const, description: '', tags: [], selection };
    return { type: 'SegmentCreated', data: about };
  }

  described(name: string): SegmentEvent {
    return { type: 'SegmentDescribed', data: { segmentId: this.segmentId, name, description: '', tags: [] } };
  }

  /** A chunk per block and direction, and the closing event. */
  changed(
    entering: readonly number[],
    leaving: readonly number[],
    cause: MembershipCause = 'conditions',
  ): SegmentMembersEvent[] {
    const { segmentId, databaseId } = this;
    const change = { segmentId, databaseId, changeId: randomUUID(), cause };
    const blocks = [...new Set([...entering, ...leaving].map(blockOf))].sort((a, b) => a - b);
    const chunks = blocks.flatMap((block): SegmentMembersEvent[] => {
      const chunk = (type: 'ProfilesEnteredSegment' | 'ProfilesLeftSegment', numbers: readonly number[]) => {
        const set = ProfileSet.of(numbers.filter((number) => blockOf(number) === block));
        const data = { ...change, block, profiles: set.encodeBase64(), count: set.size };
        return set.isEmpty ? [] : [{ type, data }];
      };
      return [...chunk('ProfilesEnteredSegment', entering), ...chunk('ProfilesLeftSegment', leaving)];
    });
    this.count += entering.length - leaving.length;
    const sums = { added: entering.length, removed: leaving.length, count: this.count };
    return [...chunks, { type: 'SegmentMembersChanged', data: { ...change, blocks, ...sums } }];
  }
}
