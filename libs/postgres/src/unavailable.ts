const NETWORK_CODES = new Set([
  'ECONNREFUSED',
  'ECONNRESET',
  'ECONNABORTED',
  'EPIPE',
  'ETIMEDOUT',
  'EHOSTUNREACH',
  'ENETUNREACH',
  'ENOTFOUND',
  'EAI_AGAIN',
]);

/**
 * SQLSTATE classes: 08 connection exception; 53 out of disk, memory or connections; 57P01-3 and 57P05 the server is
 * going down, starting, or ended the session; 25006 a standby that was the primary.
 * https://www.postgresql.org/docs/current/errcodes-appendix.html
 */
const UNAVAILABLE_STATE = /^(08...|53...|57P0[1235]|25006)$/;

/** What pg and pg-pool say, without a code, about a connection that is lost or did not come about. */
const PG_MESSAGE =
  /^(Connection terminated|timeout exceeded when trying to connect|Client has encountered a connection error|Client was closed and is not queryable|Query read timeout)/;

/**
 * True for errors that say "Postgres is away", not "the statement is wrong": a repeat may succeed later. The outcome of
 * the statement is then unknown.
 */
export function isUnavailable(error: unknown): boolean {
  const code = errorCode(error);
  if (code !== '') return NETWORK_CODES.has(code) || UNAVAILABLE_STATE.test(code);
  return PG_MESSAGE.test(errorMessage(error));
}

/**
 * The code of a system error (`ECONNREFUSED`) or the SQLSTATE of a Postgres error (`23505`), `''` where there is none.
 * Looks at the shape alone: errors of Node's own realm are no `Error` inside a sandbox such as Jest's.
 */
export function errorCode(error: unknown): string {
  const code = typeof error === 'object' && error !== null && 'code' in error ? error.code : undefined;
  return typeof code === 'string' ? code : '';
}

function errorMessage(error: unknown): string {
  const message = typeof error === 'object' && error !== null && 'message' in error ? error.message : undefined;
  return typeof message === 'string' ? message : '';
}

/** Serialisation, deadlock, lock and statement time-outs. */
const PASSING_STATES = new Set(['40001', '40P01', '55P03', '57014']);

/** True where the same transaction may succeed later: Postgres was away, or others were in the way. */
export function isPassing(error: unknown): boolean {
  return isUnavailable(error) || PASSING_STATES.has(errorCode(error));
}
