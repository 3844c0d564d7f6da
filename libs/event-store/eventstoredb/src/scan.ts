import { isBefore, type Position, type StoredEvent } from '@muster/event-store';
import type { Reads } from './reads';

/** One scan looks at no more. More than that between two events of a subscription is announced by checkpoints. */
const SCAN_EVENTS = 500;
/** Quiet subscriptions ask together. */
const SHARED_MS = 50;

export interface ScanResult {
  /** Everything up to here is not wanted. */
  readonly to: Position;
  /** `pending`: the next event is wanted and was not given yet; `end`: nothing follows. */
  readonly next: 'pending' | 'end' | 'unknown';
}

/**
 * Tells a quiet subscription how far the log goes beyond it. The server says so only every few hundred events, and says
 * nothing at all where a subscription is stuck.
 */
export class Scans {
  private latest: { readonly at: number; readonly head: Promise<Position> } | undefined;

  constructor(private readonly reads: Reads) {}

  async beyond(at: Position, isWanted: (event: StoredEvent) => boolean): Promise<ScanResult> {
    if (!isBefore(at, await this.recentHead())) return { to: at, next: 'end' };
    let to = at;
    let seen = 0;
    for await (const event of this.reads.after(at, SCAN_EVENTS)) {
      if (isWanted(event)) return { to, next: 'pending' };
      to = event.position;
      seen++;
    }
    return { to, next: seen < SCAN_EVENTS ? 'end' : 'unknown' };
  }

  /** Whether there is an event at or after this position. */
  async reaches(at: Position): Promise<boolean> {
    // An older head that is far enough is far enough still.
    return !isBefore(await this.recentHead(), at) || !isBefore(await this.reads.head(), at);
  }

  /**
   * What of the server's checkpoint is certain to be an offset of the log that exists: nothing that is given out may lie
   * beyond the last event, or a log that was restored could not be told from one that is only quiet.
   */
  async atMostHead(checkpoint: Position): Promise<Position> {
    if (!isBefore(await this.recentHead(), checkpoint)) return checkpoint;
    const head = await this.reads.head();
    return isBefore(head, checkpoint) ? head : checkpoint;
  }

  private recentHead(): Promise<Position> {
    const now = performance.now();
    if (!this.latest || now - this.latest.at > SHARED_MS) this.latest = { at: now, head: this.reads.head() };
    return this.latest.head;
  }
}
