import { EventSourcedAggregates, PostgresSnapshots } from '@muster/aggregates';
import type { EventStore } from '@muster/event-store';
import { EventStoreDbEventStore } from '@muster/event-store-eventstoredb';
import { PostgresEventStore } from '@muster/event-store-postgres';
import type { IdGenerator } from '@muster/kernel';
import { createPool } from '@muster/postgres';
import { Logger } from '@nestjs/common';
import type { Pool } from 'pg';
import { mayPrepare, PLATFORM_SCHEMA, prepareDatabase } from './context/prepare-database';
import { requireKnownLog } from './known-log';
import type { PlatformOptions } from './platform-options';

/** Acts as the connecting user; finds the platform's own tables. */
export function createStorePool(databaseUrl: string): Pool {
  const url = new URL(databaseUrl);
  url.searchParams.set('options', `-c search_path=${PLATFORM_SCHEMA}`);
  return createPool({ connectionString: url.href, applicationName: 'muster-store' });
}

/** The database is prepared first, by whoever may: who waits for the store finds roles, schemas and the platform's tables. */
export async function openStore(pool: Pool, { eventStoreDbUrl }: PlatformOptions): Promise<EventStore> {
  if (await mayPrepare(pool)) await prepareDatabase(pool, { logInPostgres: eventStoreDbUrl === undefined });
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

export function createAggregates(store: EventStore, ids: IdGenerator, pool: Pool): EventSourcedAggregates {
  const logger = new Logger('Snapshots');
  return new EventSourcedAggregates(store, ids, new PostgresSnapshots(pool), {
    onSnapshotError: (error) => logger.warn({ err: error }, 'a snapshot was not written; loading takes longer'),
  });
}
