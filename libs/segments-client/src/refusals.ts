import { DomainError, problems, type FieldProblem, type ProblemCode } from '@muster/kernel';

/** Nothing to go by was answered: the call may be tried again. */
export class NoAnswer extends Error {
  override readonly name = 'NoAnswer';
}

/** These say something about the connection of two services, and nothing about what was asked. */
const BETWEEN_SERVICES = new Map<ProblemCode, string>([
  ['UNAUTHENTICATED', 'does not take SERVICE_API_KEY'],
  ['FORBIDDEN', 'does not take SERVICE_API_KEY: it needs the role service'],
  ['NOT_FOUND', 'has no such route: it may be of another version'],
  ['MALFORMED_BODY', 'cannot read the request: it may be of another version'],
  ['PAYLOAD_TOO_LARGE', 'does not take a request of this size'],
  ['UNSUPPORTED_MEDIA_TYPE', 'cannot read the request: it may be of another version'],
  ['INTERNAL_ERROR', 'failed'],
]);

/** Gateways and services that start or stop answer so; the same call may find an answer a moment later. */
const PASSING = new Set([502, 503, 504]);

interface Problem extends Readonly<Record<string, unknown>> {
  readonly code?: string;
  readonly detail?: string;
  readonly errors?: readonly FieldProblem[];
}

/** The error to throw for an answer that is no success. */
export async function refusalOf(response: Response): Promise<Error> {
  const problem = await problemOf(response);
  if (PASSING.has(response.status)) return new NoAnswer(`answers ${String(response.status)}`);
  const { code } = problem;
  if (!isCode(code)) return unavailable(`answers ${String(response.status)} and no reason`);
  const why = BETWEEN_SERVICES.get(code);
  return why === undefined ? refused(code, problem) : unavailable(why);
}

async function problemOf(response: Response): Promise<Problem> {
  try {
    return (await response.json()) as Problem;
  } catch {
    return {};
  }
}

const STANDARD = new Set(['type', 'title', 'status', 'code', 'detail', 'errors', 'correlationId']);

function refused(code: ProblemCode, problem: Problem): DomainError {
  const { detail, errors } = problem;
  const extra = Object.fromEntries(Object.entries(problem).filter(([name]) => !STANDARD.has(name)));
  return new DomainError(code, {
    detail: detail ?? problems[code].title,
    ...(errors && { errors }),
    ...(Object.keys(extra).length > 0 && { extra }),
  });
}

function unavailable(why: string): DomainError {
  return new DomainError('DEPENDENCY_UNAVAILABLE', { detail: `The segments service ${why}.` });
}

function isCode(code: string | undefined): code is ProblemCode {
  return code !== undefined && Object.hasOwn(problems, code);
}
