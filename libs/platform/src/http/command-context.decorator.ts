import { contentHash, derivedUuid, type CommandContext as KernelCommandContext, type Mark } from '@muster/kernel';
import { createParamDecorator, type ExecutionContext } from '@nestjs/common';
import { Readable } from 'node:stream';
import type { FastifyRequest } from 'fastify';
import { callerOf, headerOf, invalidHeader, scopeOf } from './request-scope';

/** The type of what `@CommandContext()` injects. */
export type CommandContext = KernelCommandContext;

/**
 * Injects the {@link KernelCommandContext} of the request: the key as actor, the correlation id, now, the revision of
 * `If-Match` and the mark of `Idempotency-Key`.
 */
export const CommandContext = createParamDecorator((_: unknown, execution: ExecutionContext): KernelCommandContext => {
  const request = execution.switchToHttp().getRequest<FastifyRequest>();
  const { keyId, name } = callerOf(request);
  const mark = markOf(request);
  const expectedRevision = expectedRevisionOf(request);
  return {
    actor: { kind: 'key', id: keyId, name },
    correlationId: request.id,
    now: scopeOf(request).clock.now(),
    ...(mark && { mark }),
    ...(expectedRevision !== undefined && { expectedRevision }),
  };
});

/**
 * Injects the id for a create: derived from caller, route and `Idempotency-Key` where that is given, so that a repeat
 * meets the same stream; random otherwise.
 */
export const NewId = createParamDecorator((_: unknown, execution: ExecutionContext): string => {
  const request = execution.switchToHttp().getRequest<FastifyRequest>();
  const key = idempotencyKeyOf(request);
  if (key === undefined) return scopeOf(request).ids.next();
  return derivedUuid(JSON.stringify([callerOf(request).keyId, request.method, pathOf(request), key]));
});

function markOf(request: FastifyRequest): Mark | undefined {
  const key = idempotencyKeyOf(request);
  if (key === undefined) return undefined;
  return { kind: 'request', caller: callerOf(request).keyId, key, bodyHash: bodyHashOf(request) };
}

/** 1 to 255 visible ASCII characters. */
function idempotencyKeyOf(request: FastifyRequest): string | undefined {
  const key = headerOf(request, 'idempotency-key');
  if (key !== undefined && !/^[\x21-\x7e]{1,255}$/.test(key)) {
    throw invalidHeader('Idempotency-Key', '1 to 255 visible ASCII characters');
  }
  return key;
}

/** Of a streamed body only the length stands in the hash: it is not read twice. */
function bodyHashOf(request: FastifyRequest): string {
  const body = request.body instanceof Readable ? (request.headers['content-length'] ?? null) : (request.body ?? null);
  return contentHash([request.method, request.url, body]);
}

function pathOf(request: FastifyRequest): string {
  return request.url.split('?', 1)[0] ?? '';
}

/** `"<revision>"` as sent in `ETag`, or `*` for any. */
function expectedRevisionOf(request: FastifyRequest): number | undefined {
  const text = headerOf(request, 'if-match');
  if (text === undefined || text === '*') return undefined;
  const digits = /^"(\d{1,15})"$/.exec(text)?.[1];
  if (digits === undefined) throw invalidHeader('If-Match', 'one ETag as it was answered, like "3", or *');
  return Number(digits);
}
