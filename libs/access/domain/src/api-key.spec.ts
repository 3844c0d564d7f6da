import type { ApiKeyIssued } from '@muster/access-events';
import { given } from '@muster/kernel/testing';
import { apiKey, type ApiKeyCommand } from './api-key.decider';

const key: ApiKeyIssued['data'] = {
  keyId: 'k-1',
  name: 'reporting',
  secretHash: 'ab'.repeat(32),
  roles: ['analyst'],
  expiresAt: null,
};
const issued = { type: 'ApiKeyIssued', data: key } as const;
const revoked = { type: 'ApiKeyRevoked', data: { keyId: 'k-1' } } as const;
const NOW = '2026-01-01T00:00:00.000Z';
const issue = (changes: Partial<ApiKeyIssued['data']> = {}): ApiKeyCommand => ({
  type: 'IssueApiKey',
  data: { ...key, ...changes, now: NOW },
});
const revoke: ApiKeyCommand = { type: 'RevokeApiKey', data: { keyId: 'k-1' } };

describe('issuing an API key', () => {
  it('records name, roles, expiry and the hash of the secret', () => {
    given(apiKey).when(issue()).then(issued);
  });

  it('again with the same data changes nothing', () => {
    given(apiKey, issued).when(issue()).thenNothing();
  });

  it.each([{ secretHash: 'cd'.repeat(32) }, { roles: ['admin'] as const }, { expiresAt: '2027-01-01T00:00:00.000Z' }])(
    'again with other data is refused: %j',
    (changes) => {
      given(apiKey, issued).when(issue(changes)).thenRejected('API_KEY_EXISTS');
    },
  );

  it('does not bring a revoked key back', () => {
    given(apiKey, issued, revoked).when(issue()).thenRejected('API_KEY_EXISTS');
  });

  it.each([
    [{ name: ' ' }, '/name'],
    [{ name: 'n'.repeat(101) }, '/name'],
    [{ roles: [] }, '/roles'],
    [{ roles: ['admin', 'admin'] as const }, '/roles'],
    [{ expiresAt: NOW }, '/expiresAt'],
    [{ expiresAt: 'tomorrow' }, '/expiresAt'],
  ])('is refused with %j', (changes, path) => {
    const { details } = given(apiKey).when(issue(changes)).thenRejected('API_KEY_INVALID');
    expect(details.errors).toEqual([expect.objectContaining({ path })]);
  });
});

describe('revoking an API key', () => {
  it('is recorded', () => {
    given(apiKey, issued).when(revoke).then(revoked);
  });

  it('twice changes nothing', () => {
    given(apiKey, issued, revoked).when(revoke).thenNothing();
  });

  it('is refused where there is none', () => {
    given(apiKey).when(revoke).thenRejected('API_KEY_NOT_FOUND');
  });
});
