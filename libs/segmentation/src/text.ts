/** The most code units that an attribute or a literal of text may have. */
export const maxTextLength = 4096;

/** Finds NUL and every surrogate; whether a surrogate is paired is looked at only then. */
const suspicious = /[\0\uD800-\uDFFF]/;
const unpaired = /\p{Surrogate}/u;

/** What keeps a text out of Postgres and out of Muster, or `undefined`. */
export function textProblem(text: string): string | undefined {
  if (text.length > maxTextLength) return `must have at most ${maxTextLength} characters`;
  if (!suspicious.test(text)) return undefined;
  if (text.includes('\0')) return 'must not contain the character NUL';
  if (unpaired.test(text)) return 'must not contain half of a surrogate pair';
  return undefined;
}
