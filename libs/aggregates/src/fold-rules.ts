import type { EventFamily } from '@muster/event-store';
import type { DomainEvent } from '@muster/kernel';
import type { Aggregate, BlockAggregate } from './aggregates';

/** How a stream is folded and kept: what whole and block aggregates have in common. */
export interface FoldRules<Head, Block, Event extends DomainEvent> {
  /** The aggregate that these rules are of: what is cached for one is never given to another. */
  readonly owner: object;
  readonly events: EventFamily<Event>;
  initialHead(): Head;
  initialBlock(): Block;
  evolveHead(head: Head, event: Event): Head;
  changes(event: Event): readonly number[];
  evolveBlock(block: Block, blockNumber: number, event: Event): Block;
  /** Absent: the stream is folded from its first event each time. */
  readonly snapshot?: BlockAggregate<Head, Block, never, Event>['snapshot'];
}

export function rulesOfBlocks<Head, Block, Command, Event extends DomainEvent>(
  aggregate: BlockAggregate<Head, Block, Command, Event>,
): FoldRules<Head, Block, Event> {
  return {
    owner: aggregate,
    events: aggregate.events,
    initialHead: () => aggregate.initialHead(),
    initialBlock: () => aggregate.initialBlock(),
    evolveHead: (head, event) => aggregate.evolveHead(head, event),
    changes: (event) => aggregate.changes(event),
    evolveBlock: (block, blockNumber, event) => aggregate.evolveBlock(block, blockNumber, event),
    snapshot: aggregate.snapshot,
  };
}

/** A whole aggregate is a head without blocks. */
export function rulesOfWhole<State, Command, Event extends DomainEvent>(
  aggregate: Aggregate<State, Command, Event>,
): FoldRules<State, never, Event> {
  const noBlock = (): never => {
    throw new Error(`${aggregate.events.category} streams have no blocks`);
  };
  const { decider, snapshot } = aggregate;
  return {
    owner: aggregate,
    events: aggregate.events,
    initialHead: () => decider.initialState(),
    initialBlock: noBlock,
    evolveHead: (state, event) => decider.evolve(state, event),
    changes: () => [],
    evolveBlock: noBlock,
    ...(snapshot && {
      snapshot: {
        version: snapshot.version,
        encodeHead: (state) => snapshot.encode(state),
        decodeHead: (bytes) => snapshot.decode(bytes),
        encodeBlock: noBlock,
        decodeBlock: noBlock,
      },
    }),
  };
}
