import { randomUUID } from 'node:crypto';
import { closeSync, existsSync, openSync, readFileSync, writeSync } from 'node:fs';

export type Expected = 'any' | 'noStream' | 'streamExists' | number;

export interface Proposed {
  readonly id: string;
  readonly type: string;
  readonly isJson: boolean;
  readonly data: Buffer;
  readonly metadata: Buffer;
}

export interface Entry extends Proposed {
  readonly stream: string;
  readonly revision: number;
  readonly position: number;
  readonly createdMs: number;
}

export type Outcome =
  | { readonly kind: 'appended'; readonly revision: number; readonly position: number }
  | { readonly kind: 'wrong'; readonly revision: number }
  | { readonly kind: 'deleted' };

/** What a record takes beside names, data and metadata. */
const RECORD_BYTES = 88;
/** `$tb` of a soft-deleted stream: the largest int64, which a number of JavaScript does not hold. */
const SOFT_DELETED = '9223372036854775807';
const DELETED_TYPE = '$streamDeleted';

/** The log of the double: kept in a file, so that it survives the process being killed. */
export class DoubleLog {
  readonly entries: Entry[] = [];
  private readonly streams = new Map<string, Entry[]>();
  private readonly file: number;
  private end = 0;

  constructor(path: string) {
    const lines = existsSync(path) ? readFileSync(path, 'utf8').split('\n') : [];
    for (const line of lines) if (line.endsWith('}')) this.add(fromLine(line));
    this.file = openSync(path, 'a');
  }

  close(): void {
    closeSync(this.file);
  }

  stream(name: string): readonly Entry[] {
    return this.streams.get(name) ?? [];
  }

  append(stream: string, expected: Expected, events: readonly Proposed[]): Outcome {
    if (this.isTombstoned(stream)) return { kind: 'deleted' };
    const known = this.stream(stream);
    const revision = known.length - 1;
    const before = this.repeated(stream, expected, events);
    if (before) return { kind: 'appended', revision: before.revision, position: before.position };
    const reopened = this.isSoftDeleted(stream);
    const met =
      expected === 'any' ||
      (expected === 'noStream' && (revision < 0 || reopened)) ||
      (expected === 'streamExists' && revision >= 0 && !reopened) ||
      expected === revision;
    // Of several events at `any`, the first of which is known, the rest is not: the server calls that a wrong version.
    const isPart = expected === 'any' && known.some(({ id }) => id === events[0]?.id);
    if (!met || isPart) return { kind: 'wrong', revision };
    if (reopened) this.setMetadata(stream, `{"$tb":${String(revision + 1)}}`);
    for (const event of events) this.write(stream, event);
    const last = this.stream(stream).at(-1);
    return { kind: 'appended', revision: last?.revision ?? -1, position: last?.position ?? 0 };
  }

  /** The first revision that is still shown. */
  visibleFrom(stream: string): number {
    return Number(/"\$tb":(\d+)/.exec(this.metadataOf(stream))?.[1] ?? 0);
  }

  softDelete(stream: string): number {
    return this.setMetadata(stream, `{"$tb":${SOFT_DELETED}}`);
  }

  tombstone(stream: string): number {
    return this.write(stream, systemEvent(DELETED_TYPE, '{}')).position;
  }

  isSoftDeleted(stream: string): boolean {
    return this.metadataOf(stream).includes(SOFT_DELETED);
  }

  isTombstoned(stream: string): boolean {
    return this.stream(stream).at(-1)?.type === DELETED_TYPE;
  }

  /** The index of the first entry at or after a position. */
  indexOf(position: number): number {
    let low = 0;
    let high = this.entries.length;
    while (low < high) {
      const middle = (low + high) >> 1;
      if (this.entries[middle]!.position < position) low = middle + 1;
      else high = middle;
    }
    return low;
  }

  /** The last of these events, if exactly they already stand where this append would have put them. */
  private repeated(stream: string, expected: Expected, events: readonly Proposed[]): Entry | undefined {
    const known = this.stream(stream);
    const first =
      typeof expected === 'number'
        ? expected + 1
        : expected === 'noStream'
          ? 0
          : known.findIndex(({ id }) => id === events[0]?.id);
    if (first < 0 || first + events.length > known.length) return undefined;
    return events.every(({ id }, i) => known[first + i]?.id === id) ? known[first + events.length - 1] : undefined;
  }

  private metadataOf(stream: string): string {
    return this.stream(`$$${stream}`).at(-1)?.data.toString('utf8') ?? '';
  }

  private setMetadata(stream: string, json: string): number {
    return this.write(`$$${stream}`, systemEvent('$metadata', json)).position;
  }

  private write(stream: string, event: Proposed): Entry {
    const revision = this.stream(stream).length;
    const entry = { ...event, stream, revision, position: this.end, createdMs: Date.now() };
    this.add(entry);
    writeSync(this.file, toLine(entry));
    return entry;
  }

  private add(entry: Entry): void {
    this.entries.push(entry);
    const stream = this.streams.get(entry.stream) ?? [];
    stream.push(entry);
    this.streams.set(entry.stream, stream);
    const { data, metadata, type } = entry;
    this.end =
      entry.position + RECORD_BYTES + data.length + metadata.length + Buffer.byteLength(entry.stream + type, 'utf8');
  }
}

function systemEvent(type: string, json: string): Proposed {
  return { id: randomUUID(), type, isJson: true, data: Buffer.from(json), metadata: Buffer.alloc(0) };
}

function toLine(entry: Entry): string {
  const { data, metadata, ...rest } = entry;
  return `${JSON.stringify({ ...rest, data: data.toString('base64'), metadata: metadata.toString('base64') })}\n`;
}

function fromLine(line: string): Entry {
  const entry = JSON.parse(line) as Omit<Entry, 'data' | 'metadata'> & { data: string; metadata: string };
  return { ...entry, data: Buffer.from(entry.data, 'base64'), metadata: Buffer.from(entry.metadata, 'base64') };
}
