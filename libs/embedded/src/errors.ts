/** Why the embedded server could not be started. */
export type EmbeddedPostgresErrorCode =
  | 'unsupported-platform'
  | 'package-missing'
  | 'folder-unreachable'
  | 'folder-in-use'
  | 'data-corrupt'
  | 'version-mismatch'
  | 'port-in-use'
  | 'initialisation-failed'
  | 'start-failed';

/** Its message says what is wrong and what to do; it never holds the password. */
export class EmbeddedPostgresError extends Error {
  override readonly name = 'EmbeddedPostgresError';

  constructor(
    readonly code: EmbeddedPostgresErrorCode,
    message: string,
  ) {
    super(message);
  }
}

/** True for a file system or process error with this code (from any realm: Jest gives specs an `Error` of their own). */
export function hasCode(error: unknown, ...codes: readonly string[]): boolean {
  return typeof error === 'object' && error !== null && 'code' in error && codes.includes(String(error.code));
}
