import type { EventFamily, Position } from '@muster/event-store';
import type { CommandContext, Decider, DomainEvent } from '@muster/kernel';

/** What came of a command. */
export interface Handled {
  readonly stream: string;
  /** The stream's revision after the command (unchanged where nothing was appended): the `ETag`. */
  readonly revision: number;
  /** The position of the last event that the command led to: `Muster-Position`. `START` where nothing was appended. */
  readonly position: Position;
  /** Types of the appended events in order. */
  readonly events: readonly string[];
  /** True where the mark was known: the first result is given again and nothing was appended. */
  readonly repeated: boolean;
}

export interface Loaded<State> {
  readonly state: State;
  /** -1 where there is no such stream. */
  readonly revision: number;
}

/** Read, fold, decide, append at the revision, retry on conflict; every marked command is done once. */
export interface Aggregates {
  /**
   * Handles a command on a stream that is folded whole (from a snapshot, where the stream is long).
   *
   * A known mark answers with the first result (`IDEMPOTENCY_KEY_REUSED` for another body). A marked command that
   * decides nothing appends `Noted`. `context.expectedRevision` that is not the stream's: `REVISION_STALE`, no retry;
   * without it three retries on conflict, then `CONCURRENT_CHANGE`.
   */
  handle<State, Command, Event extends DomainEvent>(
    aggregate: Aggregate<State, Command, Event>,
    id: string,
    command: Command,
    context: CommandContext,
  ): Promise<Handled>;

  /** The state as of now. */
  load<State, Command, Event extends DomainEvent>(
    aggregate: Aggregate<State, Command, Event>,
    id: string,
  ): Promise<Loaded<State>>;

  /** As `handle`, for streams of set events: only the head and the blocks that the command touches are loaded. */
  handleBlocks<Head, Block, Command, Event extends DomainEvent>(
    aggregate: BlockAggregate<Head, Block, Command, Event>,
    id: string,
    command: Command,
    context: CommandContext,
  ): Promise<Handled>;

  /** Head and the asked-for blocks at one revision. */
  loadBlocks<Head, Block, Command, Event extends DomainEvent>(
    aggregate: BlockAggregate<Head, Block, Command, Event>,
    id: string,
    blocks: readonly number[] | 'all',
  ): Promise<LoadedBlocks<Head, Block>>;
}

/** A decider and where its events stand. */
export interface Aggregate<State, Command, Event extends DomainEvent> {
  readonly events: EventFamily<Event>;
  readonly decider: Decider<State, Command, Event>;
  /** Given for streams that grow long: a snapshot is kept, disposable, and void when `version` changes. */
  readonly snapshot?: {
    readonly version: number;
    encode(state: State): Uint8Array;
    decode(bytes: Uint8Array): State;
  };
}

export interface LoadedBlocks<Head, Block> {
  readonly head: Head;
  readonly revision: number;
  /** Ascending. Blocks that were never written are absent. */
  readonly blocks: ReadonlyMap<number, Block>;
}

/** State in blocks of 65,536 profile numbers: a small head, and a part per block that is loaded only where touched. */
export interface BlockAggregate<Head, Block, Command, Event extends DomainEvent> {
  readonly events: EventFamily<Event>;
  initialHead(): Head;
  initialBlock(): Block;
  /** The blocks that deciding needs; looked up in the head at the same revision. */
  touches(command: Command, head: Head): readonly number[] | 'all';
  decide(command: Command, head: Head, blocks: ReadonlyMap<number, Block>): readonly Event[];
  /** May mutate; never sees a block. */
  evolveHead(head: Head, event: Event): Head;
  /** The blocks that this event changes; asked after `evolveHead`. */
  changes(event: Event): readonly number[];
  /** May mutate the block; called once for every block of `changes`. */
  evolveBlock(block: Block, blockNumber: number, event: Event): Block;
  readonly snapshot: {
    readonly version: number;
    encodeHead(head: Head): Uint8Array;
    decodeHead(bytes: Uint8Array): Head;
    encodeBlock(block: Block): Uint8Array;
    decodeBlock(bytes: Uint8Array): Block;
  };
}
