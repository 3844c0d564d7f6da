import { eventCheck } from '@muster/contracts/validation';
import type { EventStore } from '@muster/event-store';
import { DirectBus, PostgresConsumerStorage, type OperatedBus } from '@muster/messaging';
import { KafkaBus, type ExternalIds } from '@muster/messaging-kafka';
import { Logger } from '@nestjs/common';
import type { ModuleRef } from '@nestjs/core';
import type { Contexts } from './context/contexts';
import type { BusFigures } from './operations/bus-figures';
import { correlationOf } from './operations/error-for-log';
import { LastResort } from './operations/last-resort';
import type { PlatformOptions } from './platform-options';
import { SEGMENTS_API } from './tokens';

/** The bus that the options choose. */
export function createBus(
  options: PlatformOptions,
  store: EventStore,
  contexts: Contexts,
  modules: ModuleRef,
  { onHandled, onBatch, onPublished }: BusFigures,
): OperatedBus {
  const parts = {
    onHandled,
    store,
    storageOf: (name: string) => new PostgresConsumerStorage(contexts.poolOfConsumer(name)),
    leasesOf: (name: string) => contexts.leasesOfConsumer(name),
  };
  return options.kafka
    ? kafkaBus(options, options.kafka, { ...parts, onBatch, onPublished }, modules)
    : directBus(parts);
}

type Parts = Pick<ConstructorParameters<typeof KafkaBus>[0], 'store' | 'storageOf' | 'leasesOf' | CountedBy>;
type CountedBy = 'onHandled' | 'onBatch' | 'onPublished';

function directBus(parts: Parts): DirectBus {
  const logger = new Logger('Bus');
  return new DirectBus({
    ...parts,
    ...warnings(logger),
    onStopped: (consumer, err) => {
      logger.error({ consumer, ...correlationOf(err), err }, 'a consumer stopped: it goes on after a restart');
    },
  });
}

function kafkaBus(
  { onBroken = () => undefined }: PlatformOptions,
  { connection, topics, sessionTimeoutMs }: NonNullable<PlatformOptions['kafka']>,
  parts: Parts,
  modules: ModuleRef,
): KafkaBus {
  const logger = new Logger('Bus');
  const lastResort = new LastResort(onBroken);
  return new KafkaBus({
    connection,
    topics,
    times: { sessionTimeoutMs, heartbeatMs: Math.min(LONGEST_HEARTBEAT_MS, sessionTimeoutMs / 3) },
    ...parts,
    ...warnings(logger),
    check: eventCheck,
    externalIds: { externalIdsOf: (...asked) => externalIdsFrom(modules).externalIdsOf(...asked) },
    onDeadLetter: (consumer, topic, offset, reason) => {
      logger.error(
        { consumer, topic, offset, reason },
        'a message that nobody can read was put into the dead-letter topic',
      );
    },
    onStopped: (name, err) => {
      logger.error({ name, ...correlationOf(err), err }, 'a relay or consumer stopped: what it carries waits');
      lastResort.stopped(name);
    },
    onStalled: (consumer, lagEvents) => {
      logger.error({ consumer, lagEvents }, 'a consumer gets messages and does not move');
      lastResort.stalled(consumer);
    },
    onLog: (message) => {
      logger.debug(message);
    },
  });
}

const LONGEST_HEARTBEAT_MS = 3_000;

function warnings(logger: Logger): Pick<ConstructorParameters<typeof DirectBus>[0], 'onParked' | 'onInterrupted'> {
  return {
    onParked: (consumer, { key, event: { id: eventId, correlationid: correlationId } }, err) => {
      logger.error({ consumer, key, eventId, correlationId, err }, 'an event was set aside: retry or drop its key');
    },
    onInterrupted: (name, err, delivery) => {
      const about = delivery && { eventId: delivery.event.id, correlationId: delivery.event.correlationid };
      logger.warn({ name, ...about, err }, 'a relay or consumer was interrupted and tries again');
    },
  };
}

/** Looked for when it is needed: the module that answers is made after the bus. */
function externalIdsFrom(modules: ModuleRef): ExternalIds {
  return modules.get<ExternalIds>(SEGMENTS_API, { strict: false });
}
