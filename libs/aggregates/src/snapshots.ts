/** What is kept of a stream at one revision. */
export interface SnapshotRead {
  readonly revision: number;
  readonly version: number;
  readonly head: Uint8Array;
  /** Those of the asked-for blocks that were ever written, as they are at `revision`. */
  readonly blocks: ReadonlyMap<number, Uint8Array>;
}

export interface SnapshotToWrite {
  readonly stream: string;
  /**
   * The revision of the snapshot that this one continues: `blocks` are those that changed since. -1: it continues
   * none, and `blocks` are all there are.
   */
  readonly base: number;
  readonly revision: number;
  readonly version: number;
  readonly head: Uint8Array;
  readonly blocks: ReadonlyMap<number, Uint8Array>;
}

/** Keeps snapshots of streams. Disposable: a lost one costs a longer fold, nothing else. */
export interface SnapshotStore {
  /** Head and these blocks as of one revision; null where nothing is kept. */
  read(stream: string, blocks: readonly number[] | 'all'): Promise<SnapshotRead | null>;

  /**
   * All or nothing. False, and nothing is written, where a snapshot of this revision or a later one is there already,
   * or where `base` is not -1 and what is there is older than `base` or of another version.
   */
  write(snapshot: SnapshotToWrite): Promise<boolean>;

  remove(stream: string): Promise<void>;
}

interface Kept {
  revision: number;
  version: number;
  head: Uint8Array;
  blocks: Map<number, Uint8Array>;
}

/** Snapshots of this process, for tests and for stores that live no longer than it. */
export class MemorySnapshots implements SnapshotStore {
  private readonly streams = new Map<string, Kept>();

  read(stream: string, blocks: readonly number[] | 'all'): Promise<SnapshotRead | null> {
    const kept = this.streams.get(stream);
    if (!kept) return Promise.resolve(null);
    const wanted = new Map<number, Uint8Array>();
    for (const block of blocks === 'all' ? kept.blocks.keys() : blocks) {
      const bytes = kept.blocks.get(block);
      if (bytes) wanted.set(block, bytes);
    }
    return Promise.resolve({ ...kept, blocks: wanted });
  }

  write(snapshot: SnapshotToWrite): Promise<boolean> {
    const { stream, base, revision, version, head } = snapshot;
    const kept = this.streams.get(stream);
    if (kept?.version === version && kept.revision >= revision) return Promise.resolve(false);
    if (base >= 0 && (kept?.version !== version || kept.revision < base)) return Promise.resolve(false);
    const blocks = new Map(base < 0 ? [] : kept?.blocks);
    for (const [block, bytes] of snapshot.blocks) blocks.set(block, bytes);
    this.streams.set(stream, { revision, version, head, blocks });
    return Promise.resolve(true);
  }

  remove(stream: string): Promise<void> {
    this.streams.delete(stream);
    return Promise.resolve();
  }
}
