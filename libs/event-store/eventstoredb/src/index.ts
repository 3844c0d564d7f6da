export { EventStoreDbEventStore, type EventStoreDbEventStoreOptions } from './eventstoredb-event-store';
export { hostsOf, isConnectionString, unreachable } from './reach';
