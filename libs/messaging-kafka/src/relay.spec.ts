import { MemoryEventStore } from '@muster/event-store-memory';
import type { ConsumerStorage } from '@muster/messaging';
import { TestLeases } from './bus-world.fixture';
import { createKafka } from './client/create-kafka';
import { Relay } from './relay';
import { until } from './until.fixture';

it('tries again whatever it is that keeps Kafka from being ready', async () => {
  const [interrupted, stopped]: [string[], string[]] = [[], []];
  const relay = new Relay('campaigns', 'lifecycle', [], {
    store: new MemoryEventStore(),
    // Not reached: nothing is read before Kafka is ready.
    storage: {} as ConsumerStorage,
    leases: new TestLeases(),
    kafka: createKafka({ brokers: ['127.0.0.1:1'] }),
    ready: () => Promise.reject(new TypeError('of the client itself')),
    externalIds: undefined,
    transactionalId: 'muster.campaigns.relay-lifecycle',
    pollMs: 10,
    transactionMessages: 1,
    atStep: () => Promise.resolve(),
    onPublished: () => undefined,
    onStopped: (_, { message }) => stopped.push(message),
    onInterrupted: (_, { message }) => interrupted.push(message),
  });
  relay.start();
  await until(() => Promise.resolve(interrupted.length > 1 || stopped.length > 0));
  await relay.stop();
  expect(stopped).toEqual([]);
  expect(interrupted[0]).toBe('Kafka is not ready: of the client itself');
});
