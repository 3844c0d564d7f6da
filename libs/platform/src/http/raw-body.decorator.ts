import { DomainError } from '@muster/kernel';
import { createParamDecorator, type ExecutionContext } from '@nestjs/common';
import type { FastifyRequest } from 'fastify';
import { Readable } from 'node:stream';

/** Media types that reach controllers as a stream. */
export const STREAMED_TYPES = [
  'text/csv',
  'application/x-ndjson',
  'application/gzip',
  'application/octet-stream',
] as const;

/**
 * Injects the body as it comes from the socket: not buffered, not decoded (`Content-Encoding: gzip` is left to the
 * reader), without the cap on JSON bodies. Other media types than {@link STREAMED_TYPES} answer 415.
 */
export const RawBody = createParamDecorator((_: unknown, execution: ExecutionContext): Readable => {
  const { body } = execution.switchToHttp().getRequest<FastifyRequest>();
  if (body instanceof Readable) return body;
  throw new DomainError('UNSUPPORTED_MEDIA_TYPE', {
    detail: `Send the body as one of ${STREAMED_TYPES.join(', ')}.`,
  });
});
