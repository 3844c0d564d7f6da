import type { EventFamily, Position } from '@muster/event-store';
import type { BlockDecider, CommandContext, Decider, DomainEvent } from '@muster/kernel';

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

/** A block decider, where its events stand, and how its parts are kept in snapshots. */
export interface BlockAggregate<Head, Block, Command, Event extends DomainEvent> extends BlockDecider<
  Head,
  Block,
  Command,
  Event
> {
  readonly events: EventFamily<Event>;
  readonly snapshot: {
    readonly version: number;
    encodeHead(head: Head): Uint8Array;
    decodeHead(bytes: Uint8Array): Head;
    encodeBlock(block: Block): Uint8Array;
    decodeBlock(bytes: Uint8Array): Block;
  };
}
