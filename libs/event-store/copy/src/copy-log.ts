import { EMPTY_HASH, chained, textOf, LogHash } from './log-hash';
import {
  MAX_APPEND_BYTES,
  START,
  WrongExpectedRevision,
  type EventStore,
  type Position,
  type StoredEvent,
} from '@muster/event-store';

/** How far a copy has come: everything up to `position` of the source is in the target. */
export interface CopyCheckpoint {
  readonly fromStoreId: string;
  readonly toStoreId: string;
  readonly position: Position;
  readonly events: number;
  /** Over all events copied so far, in order; see {@link CopyResult}. */
  readonly hash: string;
}

/** Where a copy keeps how far it is: a file, a row. `save` has taken effect when it resolves. */
export interface CopyCheckpoints {
  load(): Promise<CopyCheckpoint | undefined>;
  save(checkpoint: CopyCheckpoint): Promise<void>;
}

export interface CopyOptions {
  readonly from: EventStore;
  /** Empty, or the target of the copy that `checkpoints` knows. Nobody else appends to it. */
  readonly to: EventStore;
  readonly checkpoints: CopyCheckpoints;
  /** Called at each checkpoint. */
  readonly onProgress?: (checkpoint: CopyCheckpoint) => void;
}

export interface CopyResult {
  readonly events: number;
  /** SHA-256 of the hash before and the event, from event to event, in hex: both logs have it. */
  readonly hash: string;
}

/** The copy cannot go on, or is not one. */
export class CopyFailed extends Error {
  override readonly name = 'CopyFailed';
}

const CHECKPOINT_EVENTS = 500;
const GROUP_EVENTS = 500;
/** Leaves room for what a store counts beside the text. */
const GROUP_BYTES = MAX_APPEND_BYTES * 0.9;

/**
 * Copies a log, event by event in its order, with streams, revisions, ids, types, data and metadata (and so times) as
 * they are, and then reads the copy and compares it. Stopped at any moment, the same call goes on. Events that are
 * appended to the source meanwhile are copied where they are still seen: stop its writers before the last run.
 *
 * Positions are the new log's own: read models and feeds that hold positions begin anew.
 *
 * Throws {@link CopyFailed} where the target is not what the copy left, or cannot keep the revisions (a source of which
 * streams were truncated), and StoreUnavailable: then call again.
 */
export async function copyLog({ from, to, checkpoints, onProgress }: CopyOptions): Promise<CopyResult> {
  let copied = await beginning(from, to, checkpoints);
  let saved = copied.events;
  const save = async () => {
    await checkpoints.save(copied);
    saved = copied.events;
    onProgress?.(copied);
  };
  for await (const group of groups(after(from, copied.position))) {
    await append(to, group.events);
    copied = {
      ...copied,
      position: group.events.at(-1)?.position ?? copied.position,
      events: copied.events + group.events.length,
      hash: group.texts.reduce(chained, copied.hash),
    };
    if (copied.events - saved >= CHECKPOINT_EVENTS) await save();
  }
  if (copied.events > saved) await save();
  const target = await hashOf(to);
  if (target.events !== copied.events || target.hash !== copied.hash) {
    throw new CopyFailed(
      `the target holds ${String(target.events)} events with hash ${target.hash}, the source ${String(copied.events)} with ${copied.hash}`,
    );
  }
  return target;
}

/** Number and hash of a whole log, as {@link copyLog} compares them. */
export async function hashOf(store: EventStore): Promise<CopyResult> {
  const log = new LogHash();
  for await (const event of store.readAll()) log.add(event);
  return { events: log.events, hash: log.hash };
}

async function beginning(from: EventStore, to: EventStore, checkpoints: CopyCheckpoints): Promise<CopyCheckpoint> {
  const known = await checkpoints.load();
  if (known) {
    if (known.fromStoreId !== from.storeId || known.toStoreId !== to.storeId) {
      throw new CopyFailed(`the checkpoint is of a copy from ${known.fromStoreId} to ${known.toStoreId}`);
    }
    return known;
  }
  for await (const { stream } of to.readAll({ limit: 1 })) {
    throw new CopyFailed(`the target is not empty: it holds ${stream}`);
  }
  const checkpoint = {
    fromStoreId: from.storeId,
    toStoreId: to.storeId,
    position: START,
    events: 0,
    hash: EMPTY_HASH,
  };
  // From now on events in the target are this copy's.
  await checkpoints.save(checkpoint);
  return checkpoint;
}

async function* after(store: EventStore, position: Position): AsyncGenerator<StoredEvent, void, undefined> {
  // `readAll` begins with the event at the position.
  for await (const event of store.readAll(position === START ? {} : { from: position })) {
    if (event.position !== position) yield event;
  }
}

interface Group {
  readonly events: StoredEvent[];
  readonly texts: string[];
}

/** Neighbours of one stream go out in one append. */
async function* groups(events: AsyncIterable<StoredEvent>): AsyncGenerator<Group, void, undefined> {
  let group: Group = { events: [], texts: [] };
  let bytes = 0;
  for await (const event of events) {
    const text = textOf(event);
    const size = Buffer.byteLength(text);
    const isFull = group.events.length === GROUP_EVENTS || bytes + size > GROUP_BYTES;
    if (group.events.length > 0 && (isFull || group.events[0]?.stream !== event.stream)) {
      yield group;
      group = { events: [], texts: [] };
      bytes = 0;
    }
    group.events.push(event);
    group.texts.push(text);
    bytes += size;
  }
  if (group.events.length > 0) yield group;
}

/** At their revisions. Those that a run before has appended already, which may have cut its groups elsewhere, stay. */
async function append(to: EventStore, events: readonly StoredEvent[]): Promise<void> {
  const [first] = events;
  if (!first) return;
  const { stream, revision } = first;
  try {
    const result = await to.append(stream, revision === 0 ? 'noStream' : revision - 1, events);
    if (result.revision !== revision + events.length - 1) {
      throw new CopyFailed(`${stream}: the target gave other revisions than ${String(revision)} and those after it`);
    }
  } catch (error) {
    if (!(error instanceof WrongExpectedRevision)) throw error;
    const present = error.actual - revision + 1;
    if (present <= 0 || present >= events.length || !(await holds(to, events.slice(0, present)))) {
      throw new CopyFailed(`${stream} cannot go on at revision ${String(revision)}`, { cause: error });
    }
    await append(to, events.slice(present));
  }
}

async function holds(store: EventStore, events: readonly StoredEvent[]): Promise<boolean> {
  const stored = events[0]
    ? store.readStream(events[0].stream, { from: events[0].revision, limit: events.length })
    : [];
  const texts: string[] = [];
  for await (const event of stored) texts.push(textOf(event));
  return texts.length === events.length && events.every((event, i) => textOf(event) === texts[i]);
}
