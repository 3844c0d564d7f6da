import type { ApiKeyEvent, ApiKeyIssued, ApiKeyRevoked, Role } from '@muster/access-events';
import { canonicalJson, DomainError, unreachable, type Decider, type FieldProblem } from '@muster/kernel';

export type ApiKey =
  { readonly status: 'nonexistent' } | { readonly status: 'issued' | 'revoked'; readonly issued: ApiKeyIssued['data'] };

/** `now` (ISO 8601) is what `expiresAt` is measured against. */
export interface IssueApiKey {
  readonly type: 'IssueApiKey';
  readonly data: ApiKeyIssued['data'] & { readonly now: string };
}
export interface RevokeApiKey {
  readonly type: 'RevokeApiKey';
  readonly data: ApiKeyRevoked['data'];
}
export type ApiKeyCommand = IssueApiKey | RevokeApiKey;

const MAX_NAME = 100;

/** A key is issued once and revoked once; nothing about it ever changes, and a revoked key stays revoked. */
export const apiKey: Decider<ApiKey, ApiKeyCommand, ApiKeyEvent> = {
  initialState: () => ({ status: 'nonexistent' }),

  decide(command, state) {
    switch (command.type) {
      case 'IssueApiKey':
        return issue(command, state);
      case 'RevokeApiKey':
        return revoke(command, state);
      default:
        return unreachable(command);
    }
  },

  evolve(state, event) {
    switch (event.type) {
      case 'ApiKeyIssued':
        return { status: 'issued', issued: event.data };
      case 'ApiKeyRevoked':
        return state.status === 'nonexistent' ? state : { ...state, status: 'revoked' };
      default:
        return unreachable(event);
    }
  },
};

function issue({ data: { now, ...key } }: IssueApiKey, state: ApiKey): readonly ApiKeyEvent[] {
  if (state.status === 'nonexistent') {
    checkKey(key, now);
    return [{ type: 'ApiKeyIssued', data: key }];
  }
  if (state.status === 'issued' && canonicalJson(state.issued) === canonicalJson(key)) return [];
  throw new DomainError('API_KEY_EXISTS', {
    detail: `There is a key with this id already, and it is ${state.status}. Issue a key with a new id.`,
    extra: { status: state.status },
  });
}

function revoke({ data }: RevokeApiKey, state: ApiKey): readonly ApiKeyEvent[] {
  switch (state.status) {
    case 'nonexistent':
      throw new DomainError('API_KEY_NOT_FOUND', { detail: `There is no API key ${data.keyId}.` });
    case 'issued':
      return [{ type: 'ApiKeyRevoked', data }];
    case 'revoked':
      return [];
    default:
      return unreachable(state);
  }
}

function checkKey({ name, roles, expiresAt }: ApiKeyIssued['data'], now: string): void {
  const errors: FieldProblem[] = [];
  if (name.trim() === '' || name.length > MAX_NAME) {
    errors.push({ path: '/name', message: `name must have 1 to ${String(MAX_NAME)} characters` });
  }
  if (roles.length === 0 || new Set<Role>(roles).size !== roles.length) {
    errors.push({ path: '/roles', message: 'roles must name at least one role, and each once' });
  }
  if (expiresAt !== null && !(Date.parse(expiresAt) > Date.parse(now))) {
    errors.push({ path: '/expiresAt', message: 'expiresAt must be an instant in the future, or null' });
  }
  if (errors.length > 0) throw new DomainError('API_KEY_INVALID', { detail: 'The key cannot be issued so.', errors });
}
