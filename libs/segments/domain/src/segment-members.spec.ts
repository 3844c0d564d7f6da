import fc from 'fast-check';
import { ProfileSet } from '@muster/profile-set';
import type { SegmentMembersEvent } from '@muster/segments-events';
import {
  replaceMembers,
  segmentMembers,
  type MembersBlock,
  type MembersHead,
  type SegmentMembersCommand,
} from './segment-members';

const about = { segmentId: 's', databaseId: 'db', cause: 'manual' } as const;

/** The fold of everything, block by block. */
class Members {
  head: MembersHead = segmentMembers.initialHead();
  readonly blocks = new Map<number, MembersBlock>();

  append(events: readonly SegmentMembersEvent[]): this {
    for (const event of events) {
      this.head = segmentMembers.evolveHead(this.head, event);
      for (const number of segmentMembers.changes(event)) {
        const block = this.blocks.get(number) ?? segmentMembers.initialBlock();
        this.blocks.set(number, segmentMembers.evolveBlock(block, number, event));
      }
    }
    return this;
  }

  decide(command: SegmentMembersCommand): readonly SegmentMembersEvent[] {
    return segmentMembers.decide(command, this.head, this.blocks);
  }

  get set(): ProfileSet {
    return ProfileSet.unionOf([...this.blocks.values()].map(({ members }) => members));
  }
}

const change = (changeId: string, add: Iterable<number>, remove: Iterable<number> = []): SegmentMembersCommand => ({
  type: 'ChangeMembers',
  data: { ...about, changeId, add: ProfileSet.of(add), remove: ProfileSet.of(remove) },
});

describe('the members of a segment', () => {
  it('are what a plain set would hold after any changes', () => {
    const number = fc.oneof(fc.integer({ min: 1, max: 40 }), fc.integer({ min: 65_530, max: 65_545 }));
    const numbers = fc.uniqueArray(number, { maxLength: 20 });
    const step = fc.oneof(
      fc.record({ kind: fc.constant('change' as const), add: numbers, remove: numbers }),
      fc.record({ kind: fc.constant('replace' as const), add: numbers, remove: fc.constant<number[]>([]) }),
    );
    fc.assert(
      fc.property(fc.array(step, { maxLength: 12 }), (steps) => {
        const members = new Members();
        let naive = new Set<number>();
        steps.forEach(({ kind, add, remove }, index) => {
          const changeId = `c${String(index)}`;
          if (kind === 'change') {
            const removed = remove.filter((n) => !add.includes(n));
            members.append(members.decide(change(changeId, add, removed)));
            for (const n of add) naive.add(n);
            for (const n of removed) naive.delete(n);
          } else {
            const found = ProfileSet.of(add);
            members.append(replaceMembers({ ...about, changeId }, found, members.head, members.blocks));
            naive = new Set(add);
          }
          expect([...members.set]).toEqual([...naive].sort((a, b) => a - b));
          expect(members.head.count).toBe(naive.size);
        });
      }),
      { numRuns: 300 },
    );
  });

  it('change only at the closing event', () => {
    const members = new Members();
    const events = members.decide(change('c', [1, 2, 70_000]));
    members.append(events.slice(0, -1));
    expect(members.set.isEmpty).toBe(true);
    members.append(events.slice(-1));
    expect([...members.set]).toEqual([1, 2, 70_000]);
  });

  it('take no other change while one is open, and its rest', () => {
    const members = new Members();
    const events = members.decide(change('c', [1, 70_000]));
    members.append(events.slice(0, 1));
    expect(() => members.decide(change('d', [3]))).toThrow('SEGMENT_RUN_IN_PROGRESS');
    const rest: SegmentMembersCommand = {
      type: 'AppendChunks',
      data: { ...about, changeId: 'c', events: events.slice(1) },
    };
    members.append(members.decide(rest));
    expect([...members.set]).toEqual([1, 70_000]);
  });

  it('know a change that is made again', () => {
    const members = new Members();
    members.append(members.decide(change('c', [1])));
    members.append(members.decide(change('d', [], [1])));
    expect(members.decide(change('c', [1]))).toEqual([]);
  });

  it('refuse who is to be added and removed at once', () => {
    expect(() => new Members().decide(change('c', [1], [1]))).toThrow('SEGMENT_INVALID');
  });

  it('are told of with exact differences only', () => {
    const members = new Members();
    members.append(members.decide(change('c', [1, 2])));
    const [entered, left, closed] = members.decide(change('d', [2, 3], [1, 9]));
    expect(entered?.data).toMatchObject({ count: 1, profiles: ProfileSet.of([3]).encodeBase64() });
    expect(left?.data).toMatchObject({ count: 1, profiles: ProfileSet.of([1]).encodeBase64() });
    expect(closed?.data).toMatchObject({ added: 1, removed: 1, count: 2, blocks: [0] });
  });
});
