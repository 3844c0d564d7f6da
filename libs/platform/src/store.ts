import { EventSourcedAggregates, PostgresSnapshots, SNAPSHOT_DDL } from '@muster/aggregates';
import type { EventStore } from '@muster/event-store';
import { EventStoreDbEventStore } from '@muster/event-store-eventstoredb';
import { migrateEventStore, PostgresEventStore } from '@muster/event-store-postgres';
import type { IdGenerator } from '@muster/kernel';
import { createPool } from '@muster/postgres';
import { Logger } from '@nestjs/common';
import type { Pool } from 'pg';
import { createContexts } from './context/roles';
import { roleOf, SERVICE_CONTEXTS } from './context/service-context';
import { KNOWN_LOG_DDL, requireKnownLog } from './known-log';
import type { PlatformOptions } from './platform-options';

const PLATFORM_SCHEMA = 'platform';

/** Acts as the connecting user; finds the platform's own tables. */
export function createStorePool(databaseUrl: string): Pool {
  const url = new URL(databaseUrl);
  url.searchParams.set('options', `-c search_path=${PLATFORM_SCHEMA}`);
  return createPool({ connectionString: url.href, applicationName: 'muster-store' });
}

/** Roles and schemas first: whoever waits for the store finds them, and migrations may grant to any context. */
export async function openStore(pool: Pool, { eventStoreDbUrl }: PlatformOptions): Promise<EventStore> {
  await oneAtATime(pool, async () => {
    await createContexts(pool);
    if (eventStoreDbUrl === undefined) await migrateEventStore(pool, { grantTo: SERVICE_CONTEXTS.map(roleOf) });
    await createPlatformTables(pool);
  });
  const store =
    eventStoreDbUrl === undefined
      ? await PostgresEventStore.open({ pool })
      : await EventStoreDbEventStore.open({ connectionString: eventStoreDbUrl });
  try {
    await requireKnownLog(pool, store.storeId);
    return store;
  } catch (error) {
    await store.close();
    throw error;
  }
}

/** A lock of the session, not of a transaction: what waited for it begins with a fresh view of the catalogue. */
async function oneAtATime(pool: Pool, work: () => Promise<void>): Promise<void> {
  const lock = await pool.connect();
  try {
    await lock.query(`SELECT pg_advisory_lock(hashtext('muster:start'))`);
    await work();
  } finally {
    lock.release(true);
  }
}

export function createAggregates(store: EventStore, ids: IdGenerator, pool: Pool): EventSourcedAggregates {
  const logger = new Logger('Snapshots');
  return new EventSourcedAggregates(store, ids, new PostgresSnapshots(pool), {
    onSnapshotError: (error) => logger.warn({ err: error }, 'a snapshot was not written; loading takes longer'),
  });
}

async function createPlatformTables(pool: Pool): Promise<void> {
  await pool.query(`CREATE SCHEMA IF NOT EXISTS ${PLATFORM_SCHEMA}`);
  await pool.query(SNAPSHOT_DDL);
  await pool.query(KNOWN_LOG_DDL);
}
