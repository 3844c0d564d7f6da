import type { Clock, IdGenerator } from '@muster/kernel';
import { DomainError } from '@muster/kernel';
import type { FastifyRequest } from 'fastify';
import type { Caller } from '../access';

/** What the guard found out about a request, for the parameter decorators, which cannot inject. */
export interface RequestScope {
  /** Absent on public routes. */
  readonly caller?: Caller;
  readonly clock: Clock;
  readonly ids: IdGenerator;
  /** Aborted when the process begins to stop: long answers end then. */
  readonly closing: AbortSignal;
}

const scopes = new WeakMap<object, RequestScope>();

export function setScope(request: FastifyRequest, scope: RequestScope): void {
  scopes.set(request, scope);
}

export function scopeOf(request: FastifyRequest): RequestScope {
  const scope = scopes.get(request);
  if (!scope) throw new Error('the request did not pass the guard');
  return scope;
}

/** The caller of a route that is not public. */
export function callerOf(request: FastifyRequest): Caller {
  const { caller } = scopeOf(request);
  if (!caller) throw new DomainError('UNAUTHENTICATED', { detail: 'This needs an API key.' });
  return caller;
}

/** One value of a header, `undefined` where it is absent; repeated headers are refused. */
export function headerOf(request: FastifyRequest, name: string): string | undefined {
  const value = request.headers[name];
  if (Array.isArray(value)) throw invalidHeader(name, 'given once');
  return value;
}

export function invalidHeader(name: string, allowed: string): DomainError {
  return new DomainError('VALIDATION_FAILED', { detail: `The header ${name} must be ${allowed}.` });
}
