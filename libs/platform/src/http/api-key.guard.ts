import { DomainError, type Clock, type IdGenerator } from '@muster/kernel';
import { Inject, Injectable, type CanActivate, type ExecutionContext } from '@nestjs/common';
import { Reflector } from '@nestjs/core';
import type { FastifyRequest } from 'fastify';
import { parseKey, type Caller, type KeyVerifier, type Role } from '../access';
import { Closing } from '../operations/closing';
import { CLOCK, IDS, KEY_VERIFIER } from '../tokens';
import { PUBLIC_METADATA, ROLES_METADATA } from './access.decorators';
import { headerOf, setScope } from './request-scope';

/**
 * Stands before every route of every module (`APP_GUARD`: it is bound to handlers, so no spelling of a path gets round
 * it) and denies what is not allowed expressly.
 */
@Injectable()
export class ApiKeyGuard implements CanActivate {
  constructor(
    private readonly reflector: Reflector,
    private readonly closing: Closing,
    @Inject(KEY_VERIFIER) private readonly keys: KeyVerifier,
    @Inject(CLOCK) private readonly clock: Clock,
    @Inject(IDS) private readonly ids: IdGenerator,
  ) {}

  async canActivate(execution: ExecutionContext): Promise<boolean> {
    const request = execution.switchToHttp().getRequest<FastifyRequest>();
    const base = { clock: this.clock, ids: this.ids, closing: this.closing.signal };
    const targets = [execution.getHandler(), execution.getClass()];
    if (this.reflector.getAllAndOverride<boolean | undefined>(PUBLIC_METADATA, targets) === true) {
      setScope(request, base);
      return true;
    }
    const caller = await this.authenticate(request);
    const allowed = this.reflector.getAllAndOverride<readonly Role[] | undefined>(ROLES_METADATA, targets) ?? [];
    authorize(caller, allowed);
    setScope(request, { ...base, caller });
    return true;
  }

  private async authenticate(request: FastifyRequest): Promise<Caller> {
    const token = tokenOf(request);
    if (token === undefined) {
      throw unauthenticated('Send an API key as "Authorization: Bearer mk_..." or "X-Api-Key: mk_...".');
    }
    const key = parseKey(token);
    const caller = key && (await this.keys.verify(key.keyId, key.secret, this.clock.now()));
    // One answer for unknown, wrong, expired and revoked: which of them it is, is nobody's business.
    if (!caller) throw unauthenticated('The API key is not valid: it may be mistyped, expired or revoked.');
    return caller;
  }
}

function authorize(caller: Caller, allowed: readonly Role[]): void {
  if (allowed.length > 0 && (caller.roles.includes('admin') || allowed.some((role) => caller.roles.includes(role)))) {
    return;
  }
  if (allowed.length === 0) throw new DomainError('FORBIDDEN', { detail: 'Nobody is allowed to use this route.' });
  const roles = [...new Set<Role>(['admin', ...allowed])].join(', ');
  throw new DomainError('FORBIDDEN', { detail: `This needs a key with one of these roles: ${roles}.` });
}

function tokenOf(request: FastifyRequest): string | undefined {
  const authorization = headerOf(request, 'authorization');
  if (authorization === undefined) return headerOf(request, 'x-api-key');
  return /^Bearer +(\S+) *$/i.exec(authorization)?.[1] ?? '';
}

function unauthenticated(detail: string): DomainError {
  return new DomainError('UNAUTHENTICATED', { detail });
}
