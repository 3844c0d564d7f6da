export { PostgresEventStore, type PostgresEventStoreOptions } from './postgres-event-store';
export { migrate as migrateEventStore, type MigrateOptions } from './schema';
