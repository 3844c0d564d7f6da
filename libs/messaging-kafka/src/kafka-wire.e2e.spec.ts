import { describeIf } from '@muster/embedded/testing';
import { BusWorld } from './bus-world.fixture';
import { createKafka, TransactionalProducer } from './index';
import { kafkaForTests } from './testing';
import { EXTERNAL_IDS, textOf } from './translations.fixture';
import { PATIENCE_MS, until } from './until.fixture';
import { Wire } from './wire.fixture';

jest.setTimeout(2 * PATIENCE_MS);

const { available, reason } = kafkaForTests();
const RELAY = 'campaigns.relay-lifecycle';

describeIf(available, reason)('what a relay sends to a real broker', () => {
  let world: BusWorld;
  let wire: Wire;

  beforeAll(async () => {
    world = await BusWorld.open();
  });
  afterAll(() => world.close());
  beforeEach(async () => {
    await world.fresh();
    wire = new Wire();
  });
  afterEach(() => world.done());

  const connection = () => ({ brokers: world.kafka.brokers, socketFactory: wire.socketFactory });

  it('is one partition a request, one request a partition at a time, and 1,000 records at the most', async () => {
    const numbers = Array.from({ length: 30_000 }, (_, i) => i + 1);
    await world.append(`audience-${world.run}`, 'Set', { name: 'ProfilesLeftCampaign', numbers });
    await world.settled(await world.relays({ connection: connection(), externalIds: EXTERNAL_IDS }));
    const sent = wire.produced.filter(({ topic }) => topic === 'audiences.profiles.v1');
    expect(sent.reduce((sum, { records }) => sum + records, 0)).toBe(numbers.length);
    expect(sent.filter(({ partitions }) => partitions.length !== 1)).toEqual([]);
    expect(sent.filter(({ others }) => others > 0)).toEqual([]);
    expect(Math.max(...sent.map(({ records }) => records))).toBe(1_000);
    expect(new Set(sent.flatMap(({ partitions }) => partitions)).size).toBe(12);
  });

  it('carries the id of its producer always: where the broker gives none, nothing is sent', async () => {
    wire.cuts.InitProducerId = 1;
    const kafka = createKafka(connection());
    const opened = TransactionalProducer.open(kafka, `${world.run}.cut`, 'campaigns.lifecycle.v1');
    await expect(opened).rejects.toThrow();
    wire.cuts.InitProducerId = 3;
    const seen: string[] = [];
    await world.tell('a', 'x');
    const relays = await world.relays({ connection: connection() });
    const bus = await world.bus((delivery) => Promise.resolve(void seen.push(textOf(delivery))), {}, false);
    await world.settled(relays);
    await world.settled(bus);
    expect(seen).toEqual(['x']);
    expect(wire.cuts.InitProducerId).toBeLessThan(0);
    expect(wire.produced.filter(({ producerId }) => producerId < 0n)).toEqual([]);
  });

  it('comes from a new producer after the answer to a commit was lost', async () => {
    const seen: string[] = [];
    const interrupted: string[] = [];
    const onInterrupted = (name: string) => void interrupted.push(name);
    const relays = await world.relays({ connection: connection(), onInterrupted });
    const bus = await world.bus((delivery) => Promise.resolve(void seen.push(textOf(delivery))), {}, false);
    await world.tell('a', '1');
    await world.settled(relays);
    wire.sent.length = 0;
    wire.cuts.EndTxn = 1;
    await world.tell('a', '2');
    await until(() => interrupted.includes(RELAY));
    await world.tell('a', '3');
    await world.settled(relays);
    await world.settled(bus);
    // Whether the lost commit came through is unknown: it is sent again, and a consumer tells it by its inbox.
    expect(seen.filter((text, i) => seen.indexOf(text) === i)).toEqual(['1', '2', '3']);
    expect(wire.sent.slice(0, 5)).toEqual(['Produce', 'EndTxn', 'InitProducerId', 'Produce', 'EndTxn']);
    const epochs = wire.produced.map(
      ({ producerId, producerEpoch }) => `${String(producerId)}/${String(producerEpoch)}`,
    );
    expect(new Set(epochs).size).toBe(2);
  });
});
