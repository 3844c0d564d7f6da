import { DomainError } from '@muster/kernel';

/** Profile numbers in one call. */
export const MOST_STRATA = 100_000;
export const MOST_EXTERNAL_IDS = 10_000;

export function tooManyProfiles(most: number): DomainError {
  const count = most.toLocaleString('en');
  return new DomainError('VALIDATION_FAILED', { detail: `Ask for at most ${count} profiles at once.` });
}
