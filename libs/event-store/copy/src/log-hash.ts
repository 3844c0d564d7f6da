import type { StoredEvent } from '@muster/event-store';
import { createHash } from 'node:crypto';

export const EMPTY_HASH = createHash('sha256').digest('hex');

/** The hash of a log, event by event: two logs have the same where one is a copy of the other. */
export class LogHash {
  events = 0;
  /** SHA-256 of the hash before and the event, in hex. */
  hash = EMPTY_HASH;

  add(event: StoredEvent): void {
    this.events++;
    this.hash = chained(this.hash, textOf(event));
  }
}

export function chained(hash: string, text: string): string {
  return createHash('sha256').update(hash).update(text).digest('hex');
}

/** All that is kept of an event. */
export function textOf({ stream, revision, id, type, data, metadata }: StoredEvent): string {
  return JSON.stringify([stream, revision, id, type, data, metadata]);
}
