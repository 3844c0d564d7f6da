import type { DomainEvent } from '@muster/kernel';
import { defineEvents } from '@muster/event-store';

export type Role = 'admin' | 'marketer' | 'analyst' | 'operator' | 'service';

/** The secret is shown once and never stored; its SHA-256 is what requests are checked against. */
export type ApiKeyIssued = DomainEvent<
  'ApiKeyIssued',
  {
    readonly keyId: string;
    readonly name: string;
    /** Lower-case hex SHA-256 of the secret. */
    readonly secretHash: string;
    readonly roles: readonly Role[];
    /** ISO 8601 UTC; `null`: does not expire. */
    readonly expiresAt: string | null;
  }
>;
export type ApiKeyRevoked = DomainEvent<'ApiKeyRevoked', { readonly keyId: string }>;

export type ApiKeyEvent = ApiKeyIssued | ApiKeyRevoked;

export const apiKeyEvents = defineEvents<ApiKeyEvent>('apiKey', {
  ApiKeyIssued: {
    version: 1,
    examples: [{ keyId: 'k-1', name: 'development', secretHash: 'ef'.repeat(32), roles: ['admin'], expiresAt: null }],
  },
  ApiKeyRevoked: { version: 1, examples: [{ keyId: 'k-1' }] },
});
