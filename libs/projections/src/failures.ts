import { StoreUnavailable } from '@muster/event-store';
import { isUnavailable } from '@muster/postgres';

/** Serialisation, deadlock, lock and statement time-outs: the same transaction may succeed later. */
const PASSING_STATES = new Set(['40001', '40P01', '55P03', '57014']);

/** True where nothing is wrong with the events or the projection: wait and go on. */
export function isPassing(error: unknown): boolean {
  if (error instanceof StoreUnavailable || isUnavailable(error)) return true;
  return error instanceof Error && 'code' in error && PASSING_STATES.has(String(error.code));
}
