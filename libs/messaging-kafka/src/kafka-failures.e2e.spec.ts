import { describeIf } from '@muster/embedded/testing';
import type { OutgoingEvent } from '@muster/contracts';
import { PostgresConsumerStorage } from '@muster/messaging';
import { START } from '@muster/event-store';
import { setTimeout as sleep } from 'node:timers/promises';
import { BusWorld } from './bus-world.fixture';
import { textOf } from './translations.fixture';
import { PATIENCE_MS, until } from './until.fixture';
import { effectOnce, effects, effectsByKey } from './effects.fixture';
import { createKafka, topicOf, TransactionalProducer, type KafkaBus, type RelayStep } from './index';
import { Outbox } from './outbox';
import { kafkaForTests } from './testing';

jest.setTimeout(3 * PATIENCE_MS);

const { available, reason } = kafkaForTests();
const TOPIC = topicOf('campaigns', 'lifecycle');
const RELAY = 'campaigns.relay-lifecycle';
const KEYS = 20;

describeIf(available, reason)('on a real broker that nothing goes well with', () => {
  let world: BusWorld;

  beforeAll(async () => {
    world = await BusWorld.open();
  });
  afterAll(() => world.close());
  beforeEach(() => world.fresh());
  afterEach(() => world.done());

  /** An effect in Postgres, once per event. */
  const write = async (delivery: OutgoingEvent): Promise<void> => {
    const key = world.keyOf(delivery);
    const source = delivery.sourceReference;
    await effectOnce(world.pool, { inbox: world.consumer, source, key, text: textOf(delivery), member: '' });
  };

  /** `count` events over `KEYS` keys; the text is the event's place in its key. */
  const tellMany = async (count: number, from = 0): Promise<void> => {
    for (let i = from; i < from + count; i++) await world.tell(`k${String(i % KEYS)}`, String(Math.floor(i / KEYS)));
  };

  /** Each key's effects are 0, 1, 2 ... up to the last, and nothing else. */
  const expectAllOnceInOrder = async (count: number): Promise<void> => {
    const ofKey = Array.from({ length: count / KEYS }, (_, i) => String(i));
    const found = await effectsByKey(world.pool);
    expect([...found.values()]).toEqual(Array.from({ length: KEYS }, () => ofKey));
  };

  it('has each effect once though everything is published again', async () => {
    const first = await world.bus(write);
    await tellMany(200);
    await world.settled(first);
    await first.stop();
    await world.pool.query('UPDATE consumer_checkpoint SET position = $1 WHERE consumer = $2', [START, RELAY]);
    let deliveries = 0;
    const second = await world.bus((delivery) => {
      deliveries++;
      return write(delivery);
    });
    await world.settled(second);
    expect(deliveries).toBe(200);
    await expectAllOnceInOrder(200);
  });

  it.each<RelayStep>(['opened', 'before-send', 'before-commit', 'before-checkpoint', 'after-checkpoint'])(
    'loses nothing when a relay hangs at %s, and what it does when it wakes is refused',
    async (step) => {
      const woken = new AbortController();
      const interrupted: string[] = [];
      let hangs = false;
      const zombie = await world.relays({
        atStep: async (name, at) => {
          if (name !== RELAY || at !== step || woken.signal.aborted) return;
          hangs = true;
          await new Promise((wake) => woken.signal.addEventListener('abort', wake));
        },
        onInterrupted: (name, error) => interrupted.push(`${name} ${error.message}`),
      });
      await tellMany(100);
      await until(() => hangs);
      // Its leases pass to another process, and it does not know.
      world.leases.forget();
      const bus = await world.bus(write);
      await world.settled(bus);
      await tellMany(100, 100);
      await world.settled(bus);
      const before = await endOf(world);
      woken.abort();
      await sleep(1_000);
      expect(await endOf(world)).toBe(before);
      await tellMany(100, 200);
      await until(() => interrupted.some((text) => text.startsWith(RELAY)));
      await zombie.stop();
      await world.settled(bus);
      await expectAllOnceInOrder(300);
    },
  );

  it('shows nobody what a transaction that was not committed has sent', async () => {
    const seen: string[] = [];
    const bus = await world.bus((delivery) => Promise.resolve(void seen.push(textOf(delivery))));
    await world.tell('a', 'before');
    await world.settled(bus);
    const producer = await TransactionalProducer.open(world.client(), `${world.run}.other`, TOPIC);
    const [stored] = await eventsOf(world);
    const outbox = new Outbox(START);
    outbox.add([{ key: Buffer.from(`${world.run}a`), value: JSON.stringify(stored) }]);
    const cut = producer.send(outbox.take().lanes, () => Promise.reject(new Error('the power is cut')));
    await expect(cut).rejects.toThrow('the power is cut');
    await producer.close();
    await world.tell('a', 'after');
    await world.settled(bus);
    expect(seen).toEqual(['before', 'after']);
  });

  it('keeps order and effects while consumers come and go', async () => {
    const relays = await world.relays();
    const total = 3_000;
    const members: KafkaBus[] = [await world.bus(write, {}, false)];
    const telling = (async () => {
      for (let i = 0; i < total; i += 100) {
        await tellMany(100, i);
        await sleep(100);
      }
    })();
    const handledAtLeast = async (count: number): Promise<void> =>
      until(async () => (await effects(world.pool)) >= count);
    await handledAtLeast(300);
    members.push(await world.bus(write, {}, false), await world.bus(write, {}, false));
    await handledAtLeast(1_500);
    await Promise.all([members[0]!.stop(), members[1]!.stop()]);
    await telling;
    await world.settled(relays);
    await world.settled(members[2]!);
    await expectAllOnceInOrder(total);
  });

  it('stops where an event cannot be parked, and passes nothing over', async () => {
    const storage = new PostgresConsumerStorage(world.pool);
    storage.park = () => Promise.reject(new Error('the table is gone'));
    const seen: string[] = [];
    const stopped: string[] = [];
    const failing = await world.bus(() => Promise.reject(new Error('no')), {
      storageOf: () => storage,
      onStopped: (name, error) => stopped.push(`${name} ${error.message}`),
    });
    await world.tell('a', 'x');
    await until(() => stopped.length > 0);
    expect(stopped).toEqual([`${world.consumer} the table is gone`]);
    await failing.stop();
    const bus = await world.bus((delivery) => Promise.resolve(void seen.push(textOf(delivery))));
    await world.settled(bus);
    expect(seen).toEqual(['x']);
  });

  it('loses nothing when the broker is killed in the middle, and while it is away', async () => {
    if (!world.kafka.own) {
      process.stderr.write('skipped: the broker of KAFKA_BROKERS is not ours to kill\n');
      return;
    }
    const bus = await world.bus(write, { batchEvents: 50, transactionMessages: 100 });
    const half = tellMany(1_000);
    await until(async () => (await effects(world.pool)) > 100);
    await world.kafka.kill();
    await half;
    await tellMany(1_000, 1_000);
    await world.bus(write);
    await world.kafka.start();
    await world.settled(bus);
    await expectAllOnceInOrder(2_000);
  });
});

/** The sum of the ends of all partitions: any record, also of an aborted transaction, moves it. */
async function endOf(world: BusWorld): Promise<number> {
  const admin = createKafka({ brokers: world.kafka.brokers }).admin();
  await admin.connect();
  try {
    const offsets = await admin.fetchTopicOffsets(TOPIC);
    return offsets.reduce((sum, { high }) => sum + Number(high), 0);
  } finally {
    await admin.disconnect();
  }
}

async function eventsOf(world: BusWorld) {
  const events = [];
  for await (const event of world.store.readAll()) events.push(event);
  return events;
}
