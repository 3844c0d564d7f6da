import { apiKeyEvents, type ApiKeyEvent } from '@muster/access-events';
import type { StoredEvent } from '@muster/event-store';
import { unreachable } from '@muster/kernel';
import type { Projection } from '@muster/projections';
import type { PoolClient } from 'pg';

export const API_KEYS = 'api_keys';

/** Every key that was ever issued, with the hash that requests are checked against. */
export const apiKeysProjection: Projection = {
  name: API_KEYS,
  version: 1,
  categories: [apiKeyEvents.category],
  handles: apiKeyEvents.types,
  ignores: ['Noted'],
  tables: ['api_key'],

  async create(client) {
    await client.query(`
      CREATE TABLE api_key (
        key_id uuid PRIMARY KEY,
        name text NOT NULL,
        secret_hash text NOT NULL,
        roles text[] NOT NULL,
        issued_at timestamptz NOT NULL,
        issued_by text NOT NULL,
        expires_at timestamptz,
        revoked_at timestamptz
      )`);
  },

  async apply(events, client) {
    for (const stored of events) {
      if (stored.type !== 'Noted') await applyOne(apiKeyEvents.read(stored), stored, client);
    }
  },
};

async function applyOne(event: ApiKeyEvent, { metadata }: StoredEvent, client: PoolClient): Promise<void> {
  switch (event.type) {
    case 'ApiKeyIssued': {
      const { keyId, name, secretHash, roles, expiresAt } = event.data;
      await client.query(
        `INSERT INTO api_key (key_id, name, secret_hash, roles, issued_at, issued_by, expires_at)
         VALUES ($1, $2, $3, $4, $5, $6, $7)`,
        [keyId, name, secretHash, roles, metadata.time, metadata.actor.name, expiresAt],
      );
      return;
    }
    case 'ApiKeyRevoked':
      await client.query('UPDATE api_key SET revoked_at = $2 WHERE key_id = $1', [event.data.keyId, metadata.time]);
      return;
    default:
      unreachable(event);
  }
}
