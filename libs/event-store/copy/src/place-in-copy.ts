import { START, type EventStore, type Position, type StoredEvent } from '@muster/event-store';
import { CopyFailed } from './copy-log';

/**
 * The position in the copy up to which exactly those events lie that lie up to `position` in the original: that of the
 * last of them. Whoever followed the original up to here can go on in the copy after it.
 */
export async function placeInCopy(original: EventStore, copy: EventStore, position: Position): Promise<Position> {
  const last = await lastUpTo(original, position);
  if (!last) return START;
  for await (const event of copy.readStream(last.stream, { from: last.revision, limit: 1 })) {
    if (event.id === last.id) return event.position;
  }
  throw new CopyFailed(`the copy does not hold ${last.stream} at revision ${String(last.revision)}`);
}

/** A position need not be that of an event of ours: a subscription also tells how far it has scanned. */
async function lastUpTo(store: EventStore, position: Position): Promise<StoredEvent | undefined> {
  if (position === START) return undefined;
  for await (const event of store.readAll({ from: position, limit: 1 })) if (event.position === position) return event;
  for await (const event of store.readAll({ from: position, direction: 'backwards', limit: 1 })) return event;
  return undefined;
}
