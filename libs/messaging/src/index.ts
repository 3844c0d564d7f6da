export {
  CONSUMER_DDL,
  ConsumerFencedOff,
  PostgresConsumerStorage,
  type Checkpoint,
  type ConsumerStorage,
  type ParkedEvent,
} from './consumer-storage';
export { DeliveryEnded, Delivering, type DeliveryRules } from './delivering';
export { DirectBus, type ConsumerStatus, type DirectBusOptions } from './direct-bus';
export { goesOn } from './failures';
export { followUpMark, inboxOnce } from './inbox';
export * from './integration-bus';
export { translated, Untranslatable } from './translated';
