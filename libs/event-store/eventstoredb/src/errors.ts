import { NotLeaderError } from '@eventstore/db-client';
import { StoreUnavailable } from '@muster/event-store';

/**
 * Codes of gRPC that say nothing about the request itself: cancelled, unknown, deadline exceeded, resource exhausted,
 * aborted, internal (a connection that was reset), unavailable, data loss.
 */
const AWAY = new Set([1, 2, 4, 8, 10, 13, 14, 15]);
const UNAVAILABLE = 14;

/** The server did not answer in time. */
export class Silence extends Error {
  override readonly name = 'Silence';
  constructor(ms: number) {
    super(`the event store was silent for ${String(ms)} ms`);
  }
}

/** The server could not be reached or did not answer: whatever was asked may have happened or not. */
export function isAway(error: unknown): boolean {
  if (error instanceof Silence || error instanceof NotLeaderError || isFailedDiscovery(error)) return true;
  const code = codeOf(error);
  return code !== undefined && AWAY.has(code);
}

/** No connection came about, or a follower declined: certainly nothing happened. */
export function wasNotSent(error: unknown): boolean {
  if (error instanceof NotLeaderError || isFailedDiscovery(error)) return true;
  return codeOf(error) === UNAVAILABLE && /No connection established|ECONNREFUSED/.test((error as Error).message);
}

export function unavailable(cause: unknown): StoreUnavailable {
  return new StoreUnavailable('the event store is away', { cause });
}

/** The client throws its own errors and raw ones of gRPC; both carry the code. */
function codeOf(error: unknown): number | undefined {
  const code = error instanceof Error && 'code' in error ? error.code : undefined;
  return typeof code === 'number' ? code : undefined;
}

/** With several hosts the client looks for a node first, and says in plain words that it found none. */
function isFailedDiscovery(error: unknown): boolean {
  return error instanceof Error && error.message.startsWith('Failed to discover');
}
