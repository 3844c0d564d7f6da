import { NOTED, type StoredEvent } from '@muster/event-store';
import type { DomainEvent } from '@muster/kernel';
import type { FoldRules } from './fold-rules';
import { MarkBook } from './mark-book';
import type { SnapshotRead, SnapshotToWrite } from './snapshots';

/** One stream as folded up to `revision`: its marks, its head, and those of its blocks that were needed so far. */
export class Folded<Head, Block, Event extends DomainEvent> {
  readonly blocks = new Map<number, Block>();
  revision = -1;
  /** The revision of the snapshot that is known to be stored; -1 where none is. */
  base = -1;
  /** Bytes of event data since `base`, roughly. */
  bytesSinceBase = 0;
  /** Every block that exists is in `blocks`. */
  complete = true;
  /** Blocks that were looked for and do not exist. */
  private readonly absent = new Set<number>();
  /** Blocks that changed since `base`, with the revision of the last change. */
  private readonly changed = new Map<number, number>();
  /** Handed to a caller: copied before the next event changes them. */
  private headIsShared = false;
  private readonly sharedBlocks = new Set<number>();

  private constructor(
    readonly rules: FoldRules<Head, Block, Event>,
    private marks: MarkBook,
    private head: Head,
  ) {}

  static empty<Head, Block, Event extends DomainEvent>(
    rules: FoldRules<Head, Block, Event>,
  ): Folded<Head, Block, Event> {
    return new Folded(rules, new MarkBook(), rules.initialHead());
  }

  static fromSnapshot<Head, Block, Event extends DomainEvent>(
    rules: FoldRules<Head, Block, Event>,
    codec: NonNullable<FoldRules<Head, Block, Event>['snapshot']>,
    snapshot: SnapshotRead,
  ): Folded<Head, Block, Event> {
    const { marks, head } = unpackHead(snapshot.head);
    const folded = new Folded(rules, MarkBook.fromJSON(marks), codec.decodeHead(head));
    folded.revision = snapshot.revision;
    folded.base = snapshot.revision;
    folded.complete = false;
    return folded;
  }

  get markBook(): MarkBook {
    return this.marks;
  }

  /** For reading on the spot: the next event may change it. */
  get currentHead(): Head {
    return this.head;
  }

  shareHead(): Head {
    this.headIsShared = true;
    return this.head;
  }

  shareBlocks(blocks: readonly number[] | 'all'): Map<number, Block> {
    const shared = this.pick(blocks);
    for (const block of shared.keys()) this.sharedBlocks.add(block);
    return shared;
  }

  /** Those of the asked-for blocks that exist, ascending. */
  pick(blocks: readonly number[] | 'all'): Map<number, Block> {
    const numbers = blocks === 'all' ? [...this.blocks.keys()] : [...new Set(blocks)];
    const picked = new Map<number, Block>();
    for (const number of numbers.sort((a, b) => a - b)) {
      const block = this.blocks.get(number);
      if (block !== undefined) picked.set(number, block);
    }
    return picked;
  }

  /** Blocks that must be loaded before `pick` can answer. */
  missing(blocks: readonly number[] | 'all'): readonly number[] | 'all' {
    if (this.complete) return [];
    if (blocks === 'all') return 'all';
    return blocks.filter((block) => !this.blocks.has(block) && !this.absent.has(block));
  }

  /** Takes blocks as they are at `revision`; what was asked for and is not among them does not exist. */
  adopt(asked: readonly number[] | 'all', loaded: ReadonlyMap<number, Block>): void {
    for (const [number, block] of loaded) if (!this.blocks.has(number)) this.blocks.set(number, block);
    if (asked === 'all') this.complete = true;
    else for (const number of asked) if (!this.blocks.has(number)) this.absent.add(number);
  }

  apply(stored: StoredEvent): void {
    if (stored.revision !== this.revision + 1) {
      throw new Error(
        `${stored.stream}: read revision ${String(stored.revision)} after ${String(this.revision)} while folding`,
      );
    }
    this.marks.fold(stored);
    if (stored.type !== NOTED) this.evolve(stored, this.rules.events.read(stored));
    this.revision = stored.revision;
    this.bytesSinceBase += roughSize(stored.data);
  }

  private evolve(stored: StoredEvent, event: Event): void {
    const { rules } = this;
    this.head = rules.evolveHead(this.ownHead(), event);
    for (const number of rules.changes(event)) {
      this.changed.set(number, stored.revision);
      const block = this.ownBlock(number);
      if (block !== undefined) this.blocks.set(number, rules.evolveBlock(block, number, event));
    }
  }

  private ownHead(): Head {
    const { snapshot } = this.rules;
    if (!this.headIsShared || !snapshot) return this.head;
    this.headIsShared = false;
    return snapshot.decodeHead(snapshot.encodeHead(this.head));
  }

  /** Undefined where the block may exist and is not loaded. */
  private ownBlock(number: number): Block | undefined {
    const block = this.blocks.get(number);
    if (block === undefined) {
      return this.complete || this.absent.delete(number) ? this.rules.initialBlock() : undefined;
    }
    const { snapshot } = this.rules;
    if (!this.sharedBlocks.delete(number) || !snapshot) return block;
    return snapshot.decodeBlock(snapshot.encodeBlock(block));
  }

  get changedBlocks(): readonly number[] {
    return [...this.changed.keys()];
  }

  /** The snapshot of now. The changed blocks must be loaded. */
  snapshot(stream: string, codec: NonNullable<FoldRules<Head, Block, Event>['snapshot']>): SnapshotToWrite {
    const blocks = new Map<number, Uint8Array>();
    for (const [number, block] of this.pick(this.changedBlocks)) blocks.set(number, codec.encodeBlock(block));
    return {
      stream,
      base: this.base,
      revision: this.revision,
      version: codec.version,
      head: packHead(JSON.stringify(this.marks), codec.encodeHead(this.head)),
      blocks,
    };
  }

  /** A snapshot of this revision is stored. */
  stored(revision: number, bytes: number): void {
    this.base = revision;
    this.bytesSinceBase -= bytes;
    for (const [block, changedAt] of this.changed) if (changedAt <= revision) this.changed.delete(block);
  }
}

/** Four bytes of length, the marks as JSON, the head. */
function packHead(marks: string, head: Uint8Array): Uint8Array {
  const text = Buffer.from(marks);
  const length = Buffer.alloc(4);
  length.writeUInt32BE(text.length);
  return Buffer.concat([length, text, head]);
}

function unpackHead(bytes: Uint8Array): { marks: string; head: Uint8Array } {
  const buffer = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const end = 4 + buffer.readUInt32BE(0);
  return { marks: buffer.toString('utf8', 4, end), head: buffer.subarray(end) };
}

/** Sets stand in events as long strings: these are what counts. */
function roughSize(data: unknown): number {
  if (typeof data !== 'object' || data === null) return 8;
  return Object.values(data).reduce<number>((sum, value) => sum + (typeof value === 'string' ? value.length : 8), 64);
}
