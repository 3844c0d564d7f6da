import { isBefore, START, type EventStore, type Position } from '@muster/event-store';
import { DomainError } from '@muster/kernel';
import { cursorInvalid, pageCursor } from '@muster/platform';

/** How far a subscriber was told: all of the log up to `position`, or of the event that stands there the first `n` only. */
export interface FeedPlace {
  readonly position: Position;
  readonly n?: number;
}

/** Opaque to callers. It names its store: a position means nothing in another. */
export function feedCursor(store: EventStore, { position, n }: FeedPlace): string {
  return pageCursor.encode({ store: store.storeId, position, ...(n !== undefined && { n }) });
}

/**
 * Where a cursor leads. Throws `CURSOR_INVALID` for what {@link feedCursor} does not write, and `CURSOR_GONE` for one of
 * another store, or from beyond the end of this one, which then was restored to an earlier state.
 */
export async function placeOfCursor(store: EventStore, cursor: string): Promise<FeedPlace> {
  const { position, n, ...rest } = pageCursor.decode(cursor);
  const isCount = n === undefined || (typeof n === 'number' && Number.isSafeInteger(n) && n > 0);
  if (!isCount || Object.keys(rest).join() !== 'store') throw cursorInvalid();
  return { position: await positionInLog(store, rest['store'], position), ...(n !== undefined && { n }) };
}

/** The position of a cursor that names its store, where this is that store and it reaches so far. */
export async function positionInLog(store: EventStore, storeId: unknown, position: unknown): Promise<Position> {
  if (typeof storeId !== 'string' || typeof position !== 'string') throw cursorInvalid();
  if (storeId !== store.storeId) throw cursorGone('The cursor is of another event store: the log was copied since.');
  await checkForm(store, position as Position);
  if (isBefore(await store.head(), position as Position)) {
    throw cursorGone('The event log ends before this cursor: it was restored to an earlier state.');
  }
  return position as Position;
}

async function checkForm(store: EventStore, position: Position): Promise<void> {
  try {
    await store.distance(START, position);
  } catch (error) {
    // What a store says of a text that is no position of its own making.
    throw error instanceof RangeError ? cursorInvalid() : error;
  }
}

function cursorGone(reason: string): DomainError {
  return new DomainError('CURSOR_GONE', {
    detail: `${reason} Take a new snapshot (GET /api/v1/feed/snapshot) and go on from its feedCursor.`,
  });
}
