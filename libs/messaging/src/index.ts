export { CONSUMER_DDL, PostgresConsumerStorage, type ConsumerStorage, type ParkedEvent } from './consumer-storage';
export { DirectBus, type ConsumerStatus, type DirectBusOptions } from './direct-bus';
export { followUpMark, inboxOnce } from './inbox';
export * from './integration-bus';
