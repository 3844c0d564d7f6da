import { EventTooLarge, StoreUnavailable } from '@muster/event-store';
import { DomainError, problems, type ProblemCode } from '@muster/kernel';
import { isUnavailable } from '@muster/postgres';
import { Catch, HttpException, Logger, type ArgumentsHost, type ExceptionFilter } from '@nestjs/common';
import type { FastifyReply, FastifyRequest } from 'fastify';
import { problemDocument, type ProblemDocument } from './problem';

/** Seconds after which a repeat makes sense. */
const RETRY_AFTER = { READ_MODEL_BEHIND: 1, DEPENDENCY_UNAVAILABLE: 5, FEED_BUSY: 5 } as const;

/** Every error that leaves the service leaves it here, as `application/problem+json`. */
@Catch()
export class ProblemFilter implements ExceptionFilter {
  private readonly logger = new Logger('Problem');

  catch(error: unknown, host: ArgumentsHost): void {
    const http = host.switchToHttp();
    const request = http.getRequest<FastifyRequest>();
    const reply = http.getResponse<FastifyReply>();
    const problem = toProblem(error, request.id);
    if (problem.status >= 500) this.log(error, problem);
    // A stream that is under way cannot become a problem document: it is cut, which the client sees.
    if (reply.raw.headersSent) {
      reply.raw.destroy();
      return;
    }
    sendProblem(reply, problem);
  }

  private log(error: unknown, problem: ProblemDocument): void {
    const context = { correlationId: problem.correlationId, code: problem.code };
    if (problem.status === 503) this.logger.warn({ ...context, reason: messageOf(error) }, problem.detail);
    else this.logger.error({ ...context, err: error }, 'a request failed for a reason of ours');
  }
}

export function sendProblem(reply: FastifyReply, problem: ProblemDocument): void {
  if (problem.status === 401) void reply.header('www-authenticate', 'Bearer realm="muster"');
  if (problem.code in RETRY_AFTER) {
    void reply.header('retry-after', RETRY_AFTER[problem.code as keyof typeof RETRY_AFTER]);
  }
  void reply
    .code(problem.status)
    .header('content-type', 'application/problem+json; charset=utf-8')
    .header('cache-control', 'no-store')
    .serializer((payload: unknown) => JSON.stringify(payload))
    .send(problem);
}

export function toProblem(error: unknown, correlationId: string): ProblemDocument {
  if (error instanceof DomainError) {
    const { detail, errors, extra } = error.details;
    return problemDocument(error.code, detail, correlationId, { ...(errors && { errors }), ...(extra && { extra }) });
  }
  if (error instanceof StoreUnavailable) {
    return problemDocument('DEPENDENCY_UNAVAILABLE', 'The event store does not answer. Try again soon.', correlationId);
  }
  if (isUnavailable(error)) {
    return problemDocument('DEPENDENCY_UNAVAILABLE', 'The database does not answer. Try again soon.', correlationId);
  }
  if (error instanceof EventTooLarge) {
    return problemDocument('PAYLOAD_TOO_LARGE', 'What this would record is too large for one command.', correlationId);
  }
  const known = ofHttpStatus(statusOfError(error));
  if (known) return problemDocument(known.code, known.detail, correlationId);
  return problemDocument(
    'INTERNAL_ERROR',
    'Something failed on our side. Report it with the correlation id.',
    correlationId,
  );
}

interface Known {
  readonly code: ProblemCode;
  readonly detail: string;
}

/** What Nest and Fastify refuse by themselves; their messages are not ours to pass on. */
function ofHttpStatus(status: number): Known | undefined {
  switch (status) {
    case 400:
      return { code: 'MALFORMED_BODY', detail: 'The body or the path cannot be read: send valid JSON in UTF-8.' };
    case 401:
      return { code: 'UNAUTHENTICATED', detail: `${problems.UNAUTHENTICATED.title}.` };
    case 403:
      return { code: 'FORBIDDEN', detail: `${problems.FORBIDDEN.title}.` };
    case 404:
      return { code: 'NOT_FOUND', detail: 'There is nothing at this path for this method. See /api/docs.' };
    case 413:
      return { code: 'PAYLOAD_TOO_LARGE', detail: 'A JSON body may take 10 MiB.' };
    case 415:
      return { code: 'UNSUPPORTED_MEDIA_TYPE', detail: 'Send the body as application/json.' };
    default:
      return undefined;
  }
}

function statusOfError(error: unknown): number {
  if (error instanceof HttpException) return error.getStatus();
  if (error instanceof Error && 'statusCode' in error && typeof error.statusCode === 'number') return error.statusCode;
  return 500;
}

function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
