import { EventSourcedAggregates, PostgresSnapshots, SNAPSHOT_DDL } from '@muster/aggregates';
import type { EventStore } from '@muster/event-store';
import { PostgresEventStore } from '@muster/event-store-postgres';
import type { IdGenerator } from '@muster/kernel';
import { createPool, withTransaction } from '@muster/postgres';
import { Logger } from '@nestjs/common';
import type { Pool } from 'pg';
import { createContexts, grantEventStore } from './context/roles';

const EVENT_STORE_SCHEMA = 'event_store';
const PLATFORM_SCHEMA = 'platform';

/** Acts as the connecting user; finds the platform's own tables. */
export function createStorePool(databaseUrl: string): Pool {
  const url = new URL(databaseUrl);
  url.searchParams.set('options', `-c search_path=${PLATFORM_SCHEMA}`);
  return createPool({ connectionString: url.href, applicationName: 'muster-store' });
}

/** Roles and schemas first: whoever waits for the store finds them, and migrations may grant to any context. */
export async function openStore(pool: Pool): Promise<EventStore> {
  await createContexts(pool);
  const store = await PostgresEventStore.open({ pool, schema: EVENT_STORE_SCHEMA });
  await grantEventStore(pool, EVENT_STORE_SCHEMA);
  await createPlatformTables(pool);
  return store;
}

export function createAggregates(store: EventStore, ids: IdGenerator, pool: Pool): EventSourcedAggregates {
  const logger = new Logger('Snapshots');
  return new EventSourcedAggregates(store, ids, new PostgresSnapshots(pool), {
    onSnapshotError: (error) => logger.warn({ err: error }, 'a snapshot was not written; loading takes longer'),
  });
}

async function createPlatformTables(pool: Pool): Promise<void> {
  await withTransaction(pool, async (client) => {
    await client.query(`SELECT pg_advisory_xact_lock(hashtext('muster:platform'))`);
    await client.query(`CREATE SCHEMA IF NOT EXISTS ${PLATFORM_SCHEMA}`);
    await client.query(SNAPSHOT_DDL);
  });
}
