/** An error as it may stand in a log. */
export interface LoggedError {
  readonly type: string;
  readonly message: string;
  readonly code?: string;
  /** Where a constraint of the database failed. */
  readonly constraint?: string;
  readonly table?: string;
  readonly column?: string;
  readonly stack?: string;
  readonly cause?: LoggedError;
}

const MAX_CAUSES = 4;

/**
 * Errors of the database repeat values of the statement in `message`, `detail` and `parameters` ("Key (email)=(...)
 * already exists"): of these only code, constraint, table and column are kept. Of others: type, message, code, stack.
 */
export function errorForLog(error: unknown, depth = 0): LoggedError {
  if (!(error instanceof Error)) return { type: typeof error, message: 'not an Error was thrown' };
  const members = error as Error & Readonly<Record<string, unknown>>;
  const fromDatabase = 'severity' in error || 'driverError' in error || 'routine' in error;
  const text = (name: string): Record<string, string> => {
    const value = members[name];
    return typeof value === 'string' ? { [name]: value } : {};
  };
  const frames = error.stack
    ?.split('\n')
    .filter((line) => /^\s+at /.test(line))
    .join('\n');
  return {
    type: error.name,
    message: fromDatabase ? 'the database refused a statement' : error.message,
    ...text('code'),
    ...(fromDatabase && { ...text('constraint'), ...text('table'), ...text('column') }),
    ...(frames !== undefined && frames !== '' && { stack: frames }),
    ...(error.cause !== undefined && depth < MAX_CAUSES && { cause: errorForLog(error.cause, depth + 1) }),
  };
}

/** Of the request that led to the event at which something stopped, where the error knows it. */
export function correlationOf(error: Error): { readonly correlationId?: string } {
  const { correlationId } = error as Error & { readonly correlationId?: unknown };
  return typeof correlationId === 'string' ? { correlationId } : {};
}
