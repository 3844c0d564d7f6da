import { randomUUID } from 'node:crypto';
import {
  LazyEvent,
  START,
  WrongExpectedRevision,
  type AppendResult,
  type EncodedAppend,
  type ExpectedRevision,
  type Position,
  type StoredEvent,
} from '@muster/event-store';

interface Entry {
  readonly stream: string;
  readonly revision: number;
  readonly id: string;
  readonly type: string;
  readonly data: string;
  readonly metadata: string;
}

/** A log that any number of {@link MemoryEventStore}s share, as processes share a server. */
export class MemoryLog {
  private readonly entries: Entry[] = [];
  /** Per stream the indices of its events. */
  private readonly streams = new Map<string, number[]>();
  private readonly watchers = new Set<() => void>();

  constructor(readonly storeId: string = randomUUID()) {}

  get length(): number {
    return this.entries.length;
  }

  /** The position of the last event. */
  get head(): Position {
    return this.length === 0 ? START : positionOf(this.length - 1);
  }

  append({ stream, expected, events }: EncodedAppend): AppendResult {
    const places = this.streams.get(stream) ?? [];
    const actual = places.length - 1;
    const before = this.placeOfRepeat(
      places,
      expected,
      events.map(({ id }) => id),
    );
    if (before !== undefined) return resultAt(before + events.length - 1, places);
    if (!isMet(expected, actual)) throw new WrongExpectedRevision(stream, expected, actual);
    for (const { id, type, data, metadata } of events) {
      places.push(this.entries.length);
      this.entries.push({
        stream,
        revision: places.length - 1,
        id,
        type,
        data: data.toString('utf8'),
        metadata: metadata.toString('utf8'),
      });
    }
    this.streams.set(stream, places);
    for (const watcher of [...this.watchers]) watcher();
    return resultAt(places.length - 1, places);
  }

  /** The `n`-th event of the log, from 0, with its data yet to be parsed. */
  at(n: number): StoredEvent | undefined {
    const entry = this.entries[n];
    return entry && new LazyEvent({ ...entry, position: positionOf(n) });
  }

  /** Where in the log the events of a stream stand. */
  placesOf(stream: string): readonly number[] {
    return this.streams.get(stream) ?? [];
  }

  streamAt(n: number): string | undefined {
    return this.entries[n]?.stream;
  }

  /** Calls `watcher` after each append; the result ends that. */
  watch(watcher: () => void): () => void {
    this.watchers.add(watcher);
    return () => this.watchers.delete(watcher);
  }

  /** The revision at which exactly these events already stand where this append would have put them. */
  private placeOfRepeat(
    places: readonly number[],
    expected: ExpectedRevision,
    ids: readonly string[],
  ): number | undefined {
    const first =
      typeof expected === 'number' ? expected + 1 : expected === 'noStream' ? 0 : places.length - ids.length;
    if (first < 0 || first + ids.length > places.length) return undefined;
    const same = ids.every((id, i) => this.entries[places[first + i]!]?.id === id);
    return same ? first : undefined;
  }
}

function isMet(expected: ExpectedRevision, actual: number): boolean {
  if (typeof expected === 'number') return expected === actual;
  if (expected === 'any') return true;
  return expected === 'noStream' ? actual < 0 : actual >= 0;
}

function resultAt(revision: number, places: readonly number[]): AppendResult {
  return { revision, position: positionOf(places[revision]!) };
}

const DIGITS = 15;

/** The position of the `n`-th event, from 0. */
export function positionOf(n: number): Position {
  return String(n + 1).padStart(DIGITS, '0') as Position;
}

/** How many events there are up to a position, inclusive. */
export function countUpTo(position: Position): number {
  if (position === START) return 0;
  if (!/^\d{15}$/.test(position)) throw new RangeError(`not a position of this store: ${position}`);
  return Number(position);
}
