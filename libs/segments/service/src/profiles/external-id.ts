import { Refused } from './copy-text';

/** In UTF-8: what an index of Postgres takes for certain, and a URL. */
const LONGEST_BYTES = 500;
const plain = /^[\x21-\x7e]{1,100}$/;
const control = /\p{Cc}|\p{Surrogate}/u;

/** What is wrong with an external id: 1 to 500 bytes without control characters, and no blanks around it. */
export function externalIdProblem(id: string): Refused | undefined {
  if (plain.test(id)) return undefined;
  if (id === '') return new Refused('the external id is missing');
  if (id.length > LONGEST_BYTES || Buffer.byteLength(id) > LONGEST_BYTES) {
    return new Refused(`the external id must have at most ${String(LONGEST_BYTES)} bytes`);
  }
  if (control.test(id)) return new Refused('the external id must not contain control characters');
  return id.trim() === id ? undefined : new Refused('the external id must not begin or end with a blank');
}
