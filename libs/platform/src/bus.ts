import type { EventStore } from '@muster/event-store';
import { DirectBus, PostgresConsumerStorage } from '@muster/messaging';
import { Logger } from '@nestjs/common';
import type { Contexts } from './context/contexts';

export function createBus(store: EventStore, contexts: Contexts): DirectBus {
  const logger = new Logger('Bus');
  return new DirectBus({
    store,
    storageOf: (consumer) => new PostgresConsumerStorage(contexts.poolOfConsumer(consumer)),
    leasesOf: (consumer) => contexts.leasesOfConsumer(consumer),
    onParked: (consumer, { key, event }, err) => {
      logger.error({ consumer, key, eventId: event.id, err }, 'an event was set aside: retry or drop its key');
    },
    onStopped: (consumer, err) => {
      logger.error({ consumer, err }, 'a consumer stopped: it goes on after a restart');
    },
    onInterrupted: (consumer, err) => {
      logger.warn({ consumer, err }, 'a consumer was interrupted and tries again');
    },
  });
}
