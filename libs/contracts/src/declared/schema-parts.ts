import { Type, type TString, type TUnsafe } from '@sinclair/typebox';

/** Profile numbers go from 0 to 2^31 - 1, so there are this many at most. */
const MOST_PROFILES = 2 ** 31;

/**
 * Base64 of a portable Roaring bitmap: it begins with the cookie of the format, with run containers or without.
 * https://github.com/RoaringBitmap/RoaringFormatSpec
 */
const PORTABLE_ROARING = '^O(jA|z[A-D])[A-Za-z0-9+/]+={0,2}$';

/** An id of Muster's own. */
export const uuid = (description: string): TString => Type.String({ format: 'uuid', description });

/** Lower-case hex digits. */
export const hex = (digits: number, description: string): TString =>
  Type.String({ pattern: `^[0-9a-f]{${String(digits)}}$`, description });

/** Words for people, never to be told apart by a program. */
export const text = (description: string): TString => Type.String({ description });

/** How many profiles. */
export const count = (description: string) => Type.Integer({ minimum: 0, maximum: MOST_PROFILES, description });

export const profileSet = (description: string): TString =>
  Type.String({
    description: `${description} Base64 of a portable Roaring bitmap of profile numbers.`,
    contentEncoding: 'base64',
    contentMediaType: 'application/octet-stream',
    minLength: 12,
    pattern: PORTABLE_ROARING,
  });

/** One of a closed list of words. */
export const oneOf = <const V extends readonly string[]>(values: V, description: string): TUnsafe<V[number]> =>
  Type.Unsafe<V[number]>({ type: 'string', enum: [...values], description });

export const profileNumber = Type.Integer({
  minimum: 0,
  maximum: MOST_PROFILES - 1,
  description: 'The number of the profile in its database: never handed out twice.',
});

export const externalId = Type.Optional(
  Type.Union([Type.String(), Type.Null()], {
    description:
      "The owner's own key of the profile; null where it was erased, absent where its database does not publish them.",
  }),
);
