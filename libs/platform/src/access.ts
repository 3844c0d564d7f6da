/** Who may do what: `admin` everything, `marketer` changes of segments and campaigns, `analyst` reads, `operator` runs the installation, `service` is another service. */
export const ROLES = ['admin', 'marketer', 'analyst', 'operator', 'service'] as const;
export type Role = (typeof ROLES)[number];

/** The API key that a request came with. */
export interface Caller {
  readonly keyId: string;
  /** What people called the key. */
  readonly name: string;
  readonly roles: readonly Role[];
}

/** Tells whose key this is. Answers within a projection's lag after a key was issued or revoked. */
export interface KeyVerifier {
  /** `null` for a key that is unknown, revoked or expired at `now`, and for a wrong secret; compared in constant time. */
  verify(keyId: string, secret: string, now: Date): Promise<Caller | null>;
}

const TOKEN = /^mk_([0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12})_([\x21-\x7e]{32,200})$/;

/** The parts of `mk_<keyId>_<secret>`, or `null` where it is no such text. */
export function parseKey(token: string): { readonly keyId: string; readonly secret: string } | null {
  const [, keyId, secret] = TOKEN.exec(token) ?? [];
  return keyId === undefined || secret === undefined ? null : { keyId, secret };
}

/** What a caller sends as `Authorization: Bearer ...` or `X-Api-Key`. */
export function formatKey(keyId: string, secret: string): string {
  return `mk_${keyId}_${secret}`;
}
