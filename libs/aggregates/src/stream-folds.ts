import { NOTED, type EventStore } from '@muster/event-store';
import type { DomainEvent } from '@muster/kernel';
import type { FoldRules } from './fold-rules';
import { Folded } from './folded';
import type { SnapshotRead, SnapshotStore } from './snapshots';
import { StreamCache } from './stream-cache';
import { Turns } from './turns';

export interface FoldOptions {
  /** A snapshot is written once this many events stand after the last one. */
  readonly snapshotEveryEvents: number;
  /** ... or this many bytes of event data. */
  readonly snapshotEveryBytes: number;
  /** Blocks (and heads) of recently used streams that are kept in memory; 0 keeps none. */
  readonly cachedBlocks: number;
  /** A snapshot could not be read or written: this costs time, not correctness. */
  readonly onSnapshotError: (error: unknown, stream: string) => void;
}

/**
 * Streams as folded: from the cache or a snapshot, brought up to date with the events after it. Work on one stream
 * goes one after another, so that nobody sees a state that another is evolving.
 */
export class StreamFolds {
  private readonly cache: StreamCache;
  private readonly turns = new Turns();
  private readonly writing = new Map<string, Promise<void>>();

  constructor(
    private readonly store: EventStore,
    private readonly snapshots: SnapshotStore,
    private readonly options: FoldOptions,
  ) {
    this.cache = new StreamCache(options.cachedBlocks);
  }

  /**
   * Folds the stream up to now, loads the blocks that `wanted` names of it, and hands both to `use`, which is synchronous:
   * what it was handed changes with the next fold.
   */
  async use<Head, Block, Event extends DomainEvent, T>(
    rules: FoldRules<Head, Block, Event>,
    stream: string,
    wanted: (folded: Folded<Head, Block, Event>) => readonly number[] | 'all',
    use: (folded: Folded<Head, Block, Event>, blocks: readonly number[] | 'all') => T,
  ): Promise<T> {
    const result = await this.turns.take(stream, async () => {
      const { folded, blocks } = await this.current(rules, stream, wanted);
      const due = this.snapshotIsDue(folded);
      return { value: use(folded, blocks), due };
    });
    if (result.due) this.writeSoon(rules, stream);
    return result.value;
  }

  /** What is known of the stream is not to be trusted: it is folded anew from its first event. */
  async forget(stream: string): Promise<void> {
    await this.turns.take(stream, async () => {
      this.cache.delete(stream);
      await this.snapshots.remove(stream);
    });
  }

  /** Resolves when no snapshot is being written. */
  async settled(): Promise<void> {
    while (this.writing.size > 0) await Promise.all(this.writing.values());
  }

  private async current<Head, Block, Event extends DomainEvent>(
    rules: FoldRules<Head, Block, Event>,
    stream: string,
    wanted: (folded: Folded<Head, Block, Event>) => readonly number[] | 'all',
  ): Promise<{ folded: Folded<Head, Block, Event>; blocks: readonly number[] | 'all' }> {
    const cached = this.cache.get(rules, stream);
    // A fold that fails halfway leaves a state of no revision: it must not be met again.
    this.cache.delete(stream);
    const sources = [() => cached, () => this.fromSnapshot(rules, stream), () => Folded.empty(rules)];
    for (const source of sources) {
      const folded = await source();
      if (!folded) continue;
      await this.catchUp(folded, stream);
      this.keep(stream, folded);
      const blocks = wanted(folded);
      if (await this.load(folded, stream, blocks)) {
        this.keep(stream, folded);
        return { folded, blocks };
      }
      this.cache.delete(stream);
    }
    throw new Error(`${stream}: a fold from the first event lacks blocks`);
  }

  private keep<Head, Block, Event extends DomainEvent>(stream: string, folded: Folded<Head, Block, Event>): void {
    if (folded.rules.snapshot) this.cache.set(stream, folded);
  }

  private async fromSnapshot<Head, Block, Event extends DomainEvent>(
    rules: FoldRules<Head, Block, Event>,
    stream: string,
  ): Promise<Folded<Head, Block, Event> | undefined> {
    if (!rules.snapshot) return undefined;
    const snapshot = await this.readSnapshot(rules, stream, []);
    return snapshot ? Folded.fromSnapshot(rules, rules.snapshot, snapshot) : undefined;
  }

  private async catchUp<Head, Block, Event extends DomainEvent>(
    folded: Folded<Head, Block, Event>,
    stream: string,
  ): Promise<void> {
    for await (const stored of this.store.readStream(stream, { from: folded.revision + 1 })) folded.apply(stored);
  }

  /** False where the snapshots no longer go with what was folded: it has to be folded from the first event. */
  private async load<Head, Block, Event extends DomainEvent>(
    folded: Folded<Head, Block, Event>,
    stream: string,
    wanted: readonly number[] | 'all',
  ): Promise<boolean> {
    const missing = folded.missing(wanted);
    const codec = folded.rules.snapshot;
    if (missing.length === 0 || !codec) return true;
    const snapshot = await this.readSnapshot(folded.rules, stream, missing);
    if (!snapshot || snapshot.revision < folded.base || snapshot.revision > folded.revision) return false;
    const blocks = new Map<number, Block>();
    for (const [number, bytes] of snapshot.blocks) blocks.set(number, codec.decodeBlock(bytes));
    await this.evolveBlocks(folded, stream, snapshot.revision, missing, blocks);
    folded.adopt(missing, blocks);
    return true;
  }

  /** Brings blocks from the snapshot's revision to the fold's. */
  private async evolveBlocks<Head, Block, Event extends DomainEvent>(
    folded: Folded<Head, Block, Event>,
    stream: string,
    since: number,
    missing: readonly number[] | 'all',
    blocks: Map<number, Block>,
  ): Promise<void> {
    const limit = folded.revision - since;
    if (limit === 0) return;
    const { rules } = folded;
    const wanted = missing === 'all' ? null : new Set(missing);
    for await (const stored of this.store.readStream(stream, { from: since + 1, limit })) {
      if (stored.type === NOTED) continue;
      const event = rules.events.read(stored);
      for (const number of rules.changes(event)) {
        if (wanted && !wanted.has(number)) continue;
        blocks.set(number, rules.evolveBlock(blocks.get(number) ?? rules.initialBlock(), number, event));
      }
    }
  }

  private async readSnapshot<Head, Block, Event extends DomainEvent>(
    rules: FoldRules<Head, Block, Event>,
    stream: string,
    blocks: readonly number[] | 'all',
  ): Promise<SnapshotRead | null> {
    try {
      const snapshot = await this.snapshots.read(stream, blocks);
      return snapshot?.version === rules.snapshot?.version ? snapshot : null;
    } catch (error) {
      this.options.onSnapshotError(error, stream);
      return null;
    }
  }

  private snapshotIsDue<Head, Block, Event extends DomainEvent>(folded: Folded<Head, Block, Event>): boolean {
    return (
      folded.rules.snapshot !== undefined &&
      (folded.revision - folded.base >= this.options.snapshotEveryEvents ||
        folded.bytesSinceBase >= this.options.snapshotEveryBytes)
    );
  }

  private writeSoon<Head, Block, Event extends DomainEvent>(
    rules: FoldRules<Head, Block, Event>,
    stream: string,
  ): void {
    if (this.writing.has(stream)) return;
    const work = this.writeSnapshot(rules, stream)
      .catch((error: unknown) => {
        this.options.onSnapshotError(error, stream);
      })
      .finally(() => this.writing.delete(stream));
    this.writing.set(stream, work);
  }

  private async writeSnapshot<Head, Block, Event extends DomainEvent>(
    rules: FoldRules<Head, Block, Event>,
    stream: string,
  ): Promise<void> {
    const codec = rules.snapshot;
    if (!codec) return;
    const { folded, snapshot, bytes } = await this.turns.take(stream, async () => {
      const { folded } = await this.current(rules, stream, (current) => current.changedBlocks);
      return { folded, snapshot: folded.snapshot(stream, codec), bytes: folded.bytesSinceBase };
    });
    const written = await this.snapshots.write(snapshot);
    await this.turns.take(stream, () => {
      // Refused: what is stored is not what this fold continues, and the next one starts from there.
      if (written) folded.stored(snapshot.revision, bytes);
      else this.cache.delete(stream);
      return Promise.resolve();
    });
  }
}
