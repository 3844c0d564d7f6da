import { randomUUID } from 'node:crypto';
import { outgoingEvent } from '@muster/contracts';
import { START, type EventStore, type Position, type StoredEvent } from '@muster/event-store';
import type { Translation } from '@muster/messaging';
import { topicOf } from '@muster/messaging-kafka';
import type { Figure } from './figure';
import { consumerTool, producerTool } from './kafka-tools';
import { rate, settled, type KafkaWorld } from './kafka-world';
import { interleaved } from './rounds';

const CAMPAIGNS = 1_000;
const BATCH = 2_000;
const LIFECYCLE = topicOf('campaigns', 'lifecycle');
/** Of a context that publishes nothing here. */
const FLOOR = topicOf('audiences', 'lifecycle');

/**
 * Events per second over a real broker, against the tools that come with Kafka: the relay against
 * `kafka-producer-perf-test` with the same records, a consumer with an effect in memory against
 * `kafka-consumer-perf-test`. The relay compresses, which the tool does not.
 */
export async function benchKafka(world: KafkaWorld, events: number, rounds: number): Promise<Figure[]> {
  const store = storeOf(events);
  const { brokers } = world.kafka;
  const records = await Promise.all(Array.from({ length: Math.min(events, 20_000) }, (_, n) => recordOf(store.at(n))));
  const cpu: number[] = [];
  const relayed = await interleaved(
    rounds,
    async () => {
      const before = process.cpuUsage();
      const perSecond = await rateOfRelay(world, store);
      const { user, system } = process.cpuUsage(before);
      cpu.push((user + system) / events);
      return perSecond;
    },
    () => producerTool(brokers, FLOOR, records, events),
  );
  const published = events * rounds;
  const consumed = await interleaved(
    rounds,
    () => rateOfConsumer(world, published),
    () => consumerTool(brokers, LIFECYCLE, published),
  );
  const faster = { unit: 'events/s', higherIsBetter: true };
  return [
    { name: 'relay of life-cycle events to Kafka', ...faster, ...relayed, must: 0.3, aim: 0.5 },
    { name: 'CPU of the relay, an event', unit: 'µs', value: Math.min(...cpu) },
    { name: 'consumer catching up from Kafka', ...faster, ...consumed },
  ];
}

async function rateOfRelay(world: KafkaWorld, store: EventStore & { readonly count: number }): Promise<number> {
  const bus = await world.bus(store, {});
  bus.addTranslation(campaigns);
  return rate(store.count, bus, () => settled(bus, store));
}

/** All of what the relay published, with each event read and checked for its envelope. */
async function rateOfConsumer(world: KafkaWorld, count: number): Promise<number> {
  let handled = 0;
  const store = storeOf(0);
  const bus = await world.bus(store, { batchEvents: 1_000 });
  bus.addConsumer({
    name: `insights.${randomUUID()}`,
    subscriptions: [{ context: 'campaigns', feed: 'lifecycle' }],
    handles: ['muster.campaigns.CampaignStatusChanged.v1'],
    handle: () => {
      handled++;
      return Promise.resolve();
    },
  });
  return rate(count, bus, async () => (await settled(bus, store)) && handled >= count);
}

const campaigns: Translation = {
  context: 'campaigns',
  categories: ['campaign'],
  translate: (stored) => {
    const subject = stored.stream.slice('campaign-'.length);
    const data = { campaignId: subject, databaseId: subject, ...(stored.data as object) };
    const way = { context: 'campaigns', feed: 'lifecycle', name: 'CampaignStatusChanged', subject } as const;
    return Promise.resolve([outgoingEvent(stored, { ...way, version: 1, n: 0, data })]);
  },
};

async function recordOf(stored: StoredEvent): Promise<string> {
  const [told] = await campaigns.translate(stored, nothingReadBack);
  return JSON.stringify(told?.event);
}

function nothingReadBack(): never {
  throw new Error('nothing is read back here');
}

/** A store that costs next to nothing to read, and keeps nothing: what is measured is the way from there. */
function storeOf(count: number): EventStore & { readonly count: number; readonly at: (n: number) => StoredEvent } {
  const ids = Array.from({ length: count }, () => randomUUID());
  const at = (n: number): StoredEvent => ({
    position: String(n + 1).padStart(20, '0') as Position,
    stream: `campaign-${ids[n % CAMPAIGNS]!}`,
    revision: n,
    id: ids[n]!,
    type: 'Told',
    data: { status: 'active', previous: 'audience_building' },
    metadata: {
      v: 1,
      time: '2026-03-01T00:00:00.000Z',
      actor: { kind: 'system', id: 'system', name: 'System' },
      correlationId: ids[count - 1 - n]!,
    },
  });
  const head = count === 0 ? START : at(count - 1).position;
  const refused = (): never => {
    throw new Error('this store is followed, and nothing else');
  };
  return {
    count,
    at,
    storeId: 'bench',
    append: refused,
    readStream: refused,
    readAll: refused,
    close: () => Promise.resolve(),
    head: () => Promise.resolve(head),
    distance: () => Promise.resolve(0),
    async *subscribe({ signal, categories = [] }) {
      const wanted = ({ stream }: StoredEvent) => categories.some((category) => stream.startsWith(`${category}-`));
      for (let from = 0; from < count; from += BATCH) {
        const batch = Array.from({ length: Math.min(BATCH, count - from) }, (_, i) => at(from + i));
        yield { events: batch.filter(wanted), scannedTo: batch.at(-1)!.position, caughtUp: from + BATCH >= count };
      }
      yield { events: [], scannedTo: head, caughtUp: true };
      await new Promise((ended) => {
        signal.addEventListener('abort', ended, { once: true });
      });
    },
  };
}
