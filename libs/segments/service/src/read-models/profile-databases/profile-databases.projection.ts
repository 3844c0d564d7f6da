import type { StoredEvent } from '@muster/event-store';
import type { Projection } from '@muster/projections';
import { profileDatabaseEvents } from '@muster/segments-events';
import type { PoolClient } from 'pg';

/** The list of profile databases. */
export const profileDatabasesProjection: Projection = {
  name: 'profile_databases',
  version: 1,
  categories: [profileDatabaseEvents.category],
  handles: [
    'ProfileDatabaseCreated',
    'ProfileDatabaseRenamed',
    'ProfileDatabaseDeleted',
    'FieldAdded',
    'FieldRemoved',
    'ImportCompleted',
  ],
  ignores: ['FieldUseRegistered', 'FieldUseReleased', 'ProfileNumbersReserved', 'ImportStarted', 'ImportFailed'],
  tables: ['profile_database'],

  async create(client) {
    await client.query(`
      CREATE TABLE profile_database (
        database_id uuid PRIMARY KEY,
        name text NOT NULL,
        fields integer NOT NULL,
        profiles bigint NOT NULL DEFAULT 0,
        revision bigint NOT NULL,
        created_at timestamptz NOT NULL,
        imported_at timestamptz
      );
      CREATE INDEX ON profile_database (created_at DESC, database_id DESC);
    `);
  },

  async apply(events, client) {
    for (const stored of events) await applyEvent(stored, client);
  },
};

async function applyEvent(stored: StoredEvent, client: PoolClient): Promise<void> {
  const event = profileDatabaseEvents.read(stored);
  const { databaseId } = event.data;
  const { time } = stored.metadata;
  const set = (sql: string, ...values: readonly unknown[]) =>
    client.query(`UPDATE profile_database SET ${sql}, revision = $2 WHERE database_id = $1`, [
      databaseId,
      stored.revision,
      ...values,
    ]);
  switch (event.type) {
    case 'ProfileDatabaseCreated':
      await client.query(
        'INSERT INTO profile_database (database_id, name, fields, revision, created_at) VALUES ($1, $2, $3, $4, $5)',
        [databaseId, event.data.name, event.data.fields.length, stored.revision, time],
      );
      return;
    case 'ProfileDatabaseRenamed':
      await set('name = $3', event.data.name);
      return;
    case 'ProfileDatabaseDeleted':
      await client.query('DELETE FROM profile_database WHERE database_id = $1', [databaseId]);
      return;
    case 'FieldAdded':
      await set('fields = fields + 1');
      return;
    case 'FieldRemoved':
      await set('fields = fields - 1');
      return;
    case 'ImportCompleted':
      await set('profiles = profiles + $3, imported_at = $4', event.data.inserted, time);
      return;
  }
}
