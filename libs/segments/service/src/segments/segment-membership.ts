import type { Aggregates } from '@muster/aggregates';
import type { MembershipBlock, MembershipPage, MembershipRequest } from '@muster/contracts';
import { NOTED, type EventStore } from '@muster/event-store';
import { DomainError } from '@muster/kernel';
import { AGGREGATES, EVENT_STORE } from '@muster/platform';
import { ProfileSet } from '@muster/profile-set';
import { existingSegment, type ExistingSegment, type MembersHead } from '@muster/segments-domain';
import { segmentMembersEvents } from '@muster/segments-events';
import { Inject, Injectable } from '@nestjs/common';
import { Stratifications } from '../strata/stratifications';
import { segmentAggregate, segmentMembersAggregate } from './segment.aggregates';

/** Later events that a page at an earlier revision takes back; more than that, and the reader starts anew. */
const TAKEN_BACK = 5_000;

interface MembersAt {
  readonly revision: number;
  readonly head: MembersHead;
  /** Members by block, as of `revision`; no empty ones. */
  readonly blocks: ReadonlyMap<number, ProfileSet>;
}

/** Reads the members of a segment, now or at a closed revision of their stream. */
@Injectable()
export class SegmentMembership {
  constructor(
    @Inject(AGGREGATES) private readonly aggregates: Aggregates,
    @Inject(EVENT_STORE) private readonly store: EventStore,
    private readonly stratifications: Stratifications,
  ) {}

  async segment(segmentId: string): Promise<ExistingSegment> {
    const { state } = await this.aggregates.load(segmentAggregate, segmentId);
    return existingSegment(state);
  }

  async count(segmentId: string): Promise<number> {
    const { head } = await this.aggregates.loadBlocks(segmentMembersAggregate, segmentId, []);
    return head.count;
  }

  /** The next members above `after` in ascending order, with the number of all of them. */
  async profiles(
    segmentId: string,
    after: number | undefined,
    limit: number,
  ): Promise<{ readonly numbers: readonly number[]; readonly count: number }> {
    const { head } = await this.aggregates.loadBlocks(segmentMembersAggregate, segmentId, []);
    const first = after === undefined ? 0 : after >>> 16;
    const numbers: number[] = [];
    for (const block of ascending(head.blocks).filter((number) => number >= first)) {
      if (numbers.length === limit) break;
      const { blocks } = await this.aggregates.loadBlocks(segmentMembersAggregate, segmentId, [block]);
      numbers.push(...(blocks.get(block)?.members.page(after, limit - numbers.length) ?? []));
    }
    return { numbers, count: head.count };
  }

  /** A page of blocks at one closed revision, with stratum codes where these are asked for. */
  async page(request: MembershipRequest): Promise<MembershipPage> {
    const { segmentId, after = -1, limit, stratificationHash } = request;
    const { databaseId } = await this.segment(segmentId);
    const at = await this.membersAt(segmentId, request.atRevision, after, limit);
    const numbers = ascending(at.blocks.keys());
    const taken = numbers.slice(0, limit);
    const blocks: MembershipBlock[] = taken.map((block) => ({
      block,
      members: (at.blocks.get(block) ?? ProfileSet.empty()).encode(),
    }));
    const page = { revision: at.revision, nextAfter: numbers.length > limit ? (taken.at(-1) ?? null) : null };
    if (stratificationHash === undefined) return { ...page, blocks };
    const sets = taken.map((block) => at.blocks.get(block) ?? ProfileSet.empty());
    const codes = await this.stratifications.codesOfBlocks(databaseId, stratificationHash, sets);
    return { ...page, blocks: blocks.map((block, index) => withCodes(block, codes[index])) };
  }

  /**
   * The blocks above `after`: enough for a page and one more. Chunks are exact differences, so that an earlier revision
   * follows from the present members by taking later changes back.
   */
  private async membersAt(
    segmentId: string,
    atRevision: number | undefined,
    after: number,
    limit: number,
  ): Promise<MembersAt> {
    const { head } = await this.aggregates.loadBlocks(segmentMembersAggregate, segmentId, []);
    const wanted = ascending(head.blocks).filter((number) => number > after);
    const some = atRevision === undefined ? wanted.slice(0, limit + 1) : wanted;
    const loaded = await this.aggregates.loadBlocks(segmentMembersAggregate, segmentId, some);
    const blocks = new Map([...loaded.blocks].map(([number, { members }]) => [number, members]));
    const revision = atRevision ?? (await this.closedRevision(segmentId, loaded.revision, loaded.head));
    if (revision < loaded.revision) await this.takeBack(segmentId, revision, loaded.revision, blocks);
    for (const [number, members] of blocks) if (members.isEmpty) blocks.delete(number);
    return { revision, head: loaded.head, blocks };
  }

  /** While a change is open, what came before its first chunk. */
  private async closedRevision(segmentId: string, revision: number, head: MembersHead): Promise<number> {
    if (!head.open) return revision;
    const stream = segmentMembersEvents.stream(segmentId);
    for await (const stored of this.store.readStream(stream, { direction: 'backwards', from: revision })) {
      if (stored.type === NOTED) continue;
      if (segmentMembersEvents.read(stored).data.changeId !== head.open.changeId) return stored.revision;
    }
    return -1;
  }

  private async takeBack(
    segmentId: string,
    revision: number,
    now: number,
    blocks: Map<number, ProfileSet>,
  ): Promise<void> {
    if (now - revision > TAKEN_BACK) throw revisionGone(segmentId, revision);
    const closed = new Set<string>();
    const stream = segmentMembersEvents.stream(segmentId);
    for await (const stored of this.store.readStream(stream, { direction: 'backwards', from: now })) {
      if (stored.revision <= revision) break;
      if (stored.type === NOTED) continue;
      const { type, data } = segmentMembersEvents.read(stored);
      if (type === 'SegmentMembersChanged') {
        closed.add(data.changeId);
        continue;
      }
      const members = blocks.get(data.block);
      // chunks of a change that is still open hold nothing to take back
      if (!members || !closed.has(data.changeId)) continue;
      const profiles = ProfileSet.decodeBase64(data.profiles);
      const entered = type === 'ProfilesEnteredSegment';
      blocks.set(data.block, entered ? members.difference(profiles) : members.union(profiles));
    }
  }
}

function withCodes(block: MembershipBlock, codes: Uint16Array | undefined): MembershipBlock {
  return codes ? { ...block, codes } : block;
}

function ascending(numbers: Iterable<number>): number[] {
  return [...numbers].sort((a, b) => a - b);
}

function revisionGone(segmentId: string, revision: number): DomainError {
  return new DomainError('SEGMENT_REVISION_GONE', {
    detail: `The segment ${segmentId} cannot be read at revision ${String(revision)} any more; start anew.`,
  });
}
