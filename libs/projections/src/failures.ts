import { StoreUnavailable } from '@muster/event-store';
import { isPassing } from '@muster/postgres';
import { FencedOff } from './checkpoints';

/** True where nothing is wrong with the events or the projection: wait, own it again, go on. */
export function goesOn(error: unknown): boolean {
  return error instanceof FencedOff || error instanceof StoreUnavailable || isPassing(error);
}
