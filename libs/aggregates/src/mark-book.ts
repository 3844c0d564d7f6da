import type { StoredEvent } from '@muster/event-store';
import { DomainError, type Mark } from '@muster/kernel';

/** Requests are remembered for this long, in event time. */
export const REQUEST_MEMORY_MS = 24 * 60 * 60 * 1000;
/** At most this many requests, and as many occurrences, are remembered. */
export const MARKS_KEPT = 10_000;

/** Where the events of one marked append stand in their stream, both ends inclusive. */
export interface MarkedAppend {
  readonly from: number;
  readonly to: number;
}

/** What is known of a repeat. `exact` is false for an older follow-up whose own append is no longer remembered. */
export interface Repeat {
  readonly append: MarkedAppend;
  readonly exact: boolean;
}

interface FollowUpEntry {
  revision: number;
  n: number;
  last: boolean;
  from: number;
  to: number;
}

interface RequestEntry {
  readonly bodyHash: string;
  readonly time: number;
  readonly from: number;
  to: number;
}

interface OccurrenceEntry {
  readonly from: number;
  to: number;
}

/**
 * Everything a stream remembers of the marks on its events, so that a repeat is told from something new. Folded from
 * the events alone: the same events give the same book, on every store and through every snapshot.
 */
export class MarkBook {
  private readonly followUps = new Map<string, FollowUpEntry>();
  private readonly requests = new Map<string, RequestEntry>();
  private readonly occurrences = new Map<string, OccurrenceEntry>();

  fold(stored: StoredEvent): void {
    const { mark, time } = stored.metadata;
    if (!mark) return;
    switch (mark.kind) {
      case 'follow-up':
        this.foldFollowUp(mark, stored.revision);
        break;
      case 'request':
        this.foldRequest(mark, stored.revision, Date.parse(time));
        break;
      case 'occurrence':
        this.foldOccurrence(mark.id, stored.revision);
        break;
    }
  }

  /** The append that this mark led to, or null where it is new. Throws `IDEMPOTENCY_KEY_REUSED` for another body. */
  find(mark: Mark): Repeat | null {
    switch (mark.kind) {
      case 'follow-up':
        return this.findFollowUp(mark);
      case 'request':
        return this.findRequest(mark);
      case 'occurrence': {
        const entry = this.occurrences.get(mark.id);
        return entry ? { append: entry, exact: true } : null;
      }
    }
  }

  toJSON(): unknown {
    return {
      followUps: [...this.followUps],
      requests: [...this.requests],
      occurrences: [...this.occurrences],
    };
  }

  static fromJSON(text: string): MarkBook {
    const book = new MarkBook();
    const parsed = JSON.parse(text) as {
      followUps: [string, FollowUpEntry][];
      requests: [string, RequestEntry][];
      occurrences: [string, OccurrenceEntry][];
    };
    for (const [key, entry] of parsed.followUps) book.followUps.set(key, entry);
    for (const [key, entry] of parsed.requests) book.requests.set(key, entry);
    for (const [key, entry] of parsed.occurrences) book.occurrences.set(key, entry);
    return book;
  }

  private foldFollowUp(mark: FollowUpMark, at: number): void {
    const key = followUpKey(mark);
    const { revision, n, last } = mark.source;
    const known = this.followUps.get(key);
    if (known?.revision === revision && known.n === n && known.to === at - 1) {
      known.to = at;
      return;
    }
    this.followUps.set(key, { revision, n, last, from: at, to: at });
  }

  private findFollowUp(mark: FollowUpMark): Repeat | null {
    const known = this.followUps.get(followUpKey(mark));
    const { revision, n } = mark.source;
    if (!known || revision > known.revision) return null;
    if (revision === known.revision && n > known.n && !known.last) return null;
    return { append: known, exact: revision === known.revision && n === known.n };
  }

  private foldRequest(mark: RequestMark, at: number, time: number): void {
    const key = requestKey(mark);
    const known = this.requests.get(key);
    if (known?.to === at - 1 && known.bodyHash === mark.bodyHash) {
      known.to = at;
      return;
    }
    this.requests.delete(key);
    this.requests.set(key, { bodyHash: mark.bodyHash, time, from: at, to: at });
    for (const [oldest, entry] of this.requests) {
      if (this.requests.size <= MARKS_KEPT && entry.time >= time - REQUEST_MEMORY_MS) break;
      this.requests.delete(oldest);
    }
  }

  private findRequest(mark: RequestMark): Repeat | null {
    const known = this.requests.get(requestKey(mark));
    if (!known) return null;
    if (known.bodyHash !== mark.bodyHash) {
      throw new DomainError('IDEMPOTENCY_KEY_REUSED', {
        detail: 'This Idempotency-Key came with another body before; a new request needs a new key.',
      });
    }
    return { append: known, exact: true };
  }

  private foldOccurrence(id: string, at: number): void {
    const known = this.occurrences.get(id);
    if (known?.to === at - 1) {
      known.to = at;
      return;
    }
    this.occurrences.set(id, { from: at, to: at });
    const [oldest] = this.occurrences.keys();
    if (this.occurrences.size > MARKS_KEPT && oldest !== undefined) this.occurrences.delete(oldest);
  }
}

type FollowUpMark = Extract<Mark, { kind: 'follow-up' }>;
type RequestMark = Extract<Mark, { kind: 'request' }>;

function followUpKey(mark: FollowUpMark): string {
  return JSON.stringify([mark.consumer, mark.source.stream]);
}

function requestKey(mark: RequestMark): string {
  return JSON.stringify([mark.caller, mark.key]);
}
