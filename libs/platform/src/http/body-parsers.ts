import type { FastifyInstance } from 'fastify';
import { STREAMED_TYPES } from './raw-body.decorator';

/** A JSON body is read whole: 10 MiB at most. */
export const MAX_JSON_BYTES = 10 * 1024 * 1024;

/** JSON is read whole and checked, {@link STREAMED_TYPES} are handed on as streams, everything else is 415. */
export function useBodyParsers(fastify: FastifyInstance): void {
  fastify.removeAllContentTypeParsers();
  fastify.addContentTypeParser(
    'application/json',
    { parseAs: 'string', bodyLimit: MAX_JSON_BYTES },
    (_, text, done) => {
      try {
        done(null, parseJson(text.toString()));
      } catch (error) {
        done(Object.assign(error instanceof Error ? error : new Error('not JSON'), { statusCode: 400 }));
      }
    },
  );
  fastify.addContentTypeParser([...STREAMED_TYPES], (_, payload, done) => done(null, payload));
}

/** Keys that reach prototypes when an object is merged or copied carelessly. */
const FORBIDDEN_KEYS = new Set(['__proto__', 'constructor', 'prototype']);
/** A text without these cannot hold such a key, in letters or in escapes. */
const SUSPICIOUS = /__proto__|constructor|prototype|\\u00/;

function parseJson(text: string): unknown {
  if (text.trim() === '') return undefined;
  const value: unknown = JSON.parse(text);
  if (SUSPICIOUS.test(text)) refuseForbiddenKeys(value);
  return value;
}

/** Iterative: the depth is the sender's choice. */
function refuseForbiddenKeys(root: unknown): void {
  const open: unknown[] = [root];
  while (open.length > 0) {
    const value = open.pop();
    if (typeof value !== 'object' || value === null) continue;
    for (const key of Object.keys(value)) {
      if (FORBIDDEN_KEYS.has(key)) throw new Error('forbidden key');
    }
    for (const member of Object.values(value as Record<string, unknown>)) open.push(member);
  }
}
