import { unreachable } from '@muster/event-store-eventstoredb';
import type { PlatformOptions } from '../platform-options';
import { missingInDatabase } from './database-need';

/** What is missing before a process can start: the event store, the database, and in that what others make. */
export async function missingFor(options: PlatformOptions, relations: readonly string[]): Promise<string | null> {
  const { databaseUrl, eventStoreDbUrl } = options;
  const ofEventStore = eventStoreDbUrl === undefined ? null : await unreachable(eventStoreDbUrl);
  return ofEventStore ?? missingInDatabase(databaseUrl, relations);
}
