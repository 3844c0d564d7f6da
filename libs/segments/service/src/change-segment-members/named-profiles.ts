import { DomainError } from '@muster/kernel';
import { ProfileSet } from '@muster/profile-set';

/** Places that are named in a refusal; the count names them all. */
const NAMED = 100;

/** The set of the profiles that were named, or `PROFILES_UNKNOWN` with the places of those that are not there. */
export function namedProfiles(
  externalIds: readonly string[],
  numbers: ReadonlyMap<string, number>,
  pointer: string,
): ProfileSet {
  const unknown = externalIds.flatMap((id, index) => (numbers.has(id) ? [] : [`${pointer}/${String(index)}`]));
  if (unknown.length > 0) {
    throw new DomainError('PROFILES_UNKNOWN', {
      detail: `${String(unknown.length)} of ${String(externalIds.length)} profiles are not in the profile database; nothing was changed.`,
      errors: unknown.slice(0, NAMED).map((path) => ({ path, message: 'no profile has this external id' })),
    });
  }
  return ProfileSet.of(externalIds.flatMap((id) => numbers.get(id) ?? []));
}
