import type { Handled } from '@muster/aggregates';
import type { FastifyReply } from 'fastify';

export interface AnswerOptions {
  /** 200 where nothing is said. Give it here, not with `@HttpCode`, which would win. */
  readonly status?: 200 | 201 | 202 | 204;
  /** Path of what was created or is to be watched, below `/api/v1`: `/segments/42`. */
  readonly location?: string;
}

/** A body and the headers that go with it: what {@link answer} and {@link withETag} return. */
export class Answer<T> {
  constructor(
    readonly body: T,
    private readonly headers: Readonly<Record<string, string>>,
    private readonly status: number,
  ) {}

  applyTo(reply: FastifyReply): T {
    void reply.code(this.status).headers(this.headers);
    return this.body;
  }
}

/** The answer of a command: `ETag` is the stream's revision, `Muster-Position` what a later read can wait for. */
export function answer<T>(handled: Handled, body: T, options: AnswerOptions = {}): Answer<T> {
  const headers: Record<string, string> = { etag: etag(handled.revision) };
  if (handled.position !== '') headers['muster-position'] = handled.position;
  if (options.location !== undefined) headers['location'] = `${API_PREFIX}${options.location}`;
  return new Answer(body, headers, options.status ?? 200);
}

/** What an aggregate's GET returns: the body with its revision as `ETag`. */
export function withETag<T>(revision: number, body: T): Answer<T> {
  return new Answer(body, { etag: etag(revision) }, 200);
}

/** Where every service's routes live. */
export const API_PREFIX = '/api/v1';

function etag(revision: number): string {
  return `"${String(revision)}"`;
}
