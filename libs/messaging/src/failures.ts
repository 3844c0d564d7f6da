import { StoreUnavailable } from '@muster/event-store';
import { DomainError } from '@muster/kernel';
import { isPassing } from '@muster/postgres';
import { ConsumerFencedOff } from './consumer-storage';

/** True where a delivery failed though nothing is wrong with it: it waits as long as it takes. */
export function isTransient(error: unknown): boolean {
  if (error instanceof DomainError) return error.kind === 'unavailable' || error.code === 'CONCURRENT_CHANGE';
  return error instanceof StoreUnavailable || isPassing(error);
}

/** True where the consumer begins again from its checkpoint. */
export function goesOn(error: unknown): boolean {
  return error instanceof ConsumerFencedOff || isTransient(error);
}
