import { spawn } from 'node:child_process';
import { randomUUID } from 'node:crypto';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { outgoingEvent, type OutgoingEvent } from '@muster/contracts';
import { START, type EventStore, type Position, type StoredEvent } from '@muster/event-store';
import { CONSUMER_DDL, PostgresConsumerStorage, type Translation } from '@muster/messaging';
import { KafkaBus, topicOf, type KafkaBusOptions } from '@muster/messaging-kafka';
import { declareTopics, startKafka, TEST_TOPICS, type TestKafka } from '@muster/messaging-kafka/testing';
import { createPool, type Leases } from '@muster/postgres';
import { ProfileSet } from '@muster/profile-set';
import type { Pool } from 'pg';
import type { Figure } from './figure';

const JARS = resolve(__dirname, '../../infra/kafka/lib/*');
const EVENTS = 200_000;
const PROFILES = 200_000;
const CAMPAIGNS = 1_000;
const WITHIN_MS = 300_000;
const LIFECYCLE = topicOf('campaigns', 'lifecycle');

/**
 * Events per second over a real broker of its own, against the tools that come with Kafka: the relay against
 * `kafka-producer-perf-test` with the same records (acknowledged by all, idempotent, without compression), a consumer
 * with an effect in memory against `kafka-consumer-perf-test`; and profiles per second of the profile feed.
 */
export async function benchKafka(connectionString: string): Promise<Figure[]> {
  const kafka = await startKafka();
  const pool = createPool({ connectionString });
  try {
    await declareTopics(kafka);
    await pool.query(`DROP TABLE IF EXISTS consumer_checkpoint, parked_event, consumer_inbox; ${CONSUMER_DDL}`);
    const events = campaignEvents();
    const relayed = await rateOfRelay(kafka, pool, events);
    const produced = await rateOfProducerTool(kafka, events);
    const consumed = await rateOfConsumer(kafka, pool);
    const fetched = await rateOfConsumerTool(kafka);
    const told = await rateOfProfileFeed(kafka, pool);
    return [
      figure('relay of life-cycle events to Kafka', 'events/s', relayed, produced, 0.3),
      figure('consumer catching up from Kafka', 'events/s', consumed, fetched),
      figure('profile feed to Kafka, with external ids', 'profiles/s', told, produced),
    ];
  } finally {
    await pool.end();
    await kafka.remove();
  }
}

function figure(name: string, unit: string, value: number, floor: number, aim?: number): Figure {
  const goal = aim === undefined ? {} : { aim };
  return { name, unit, value, floor, ratio: value / floor, ...goal, higherIsBetter: true };
}

async function rateOfRelay(kafka: TestKafka, pool: Pool, events: Events): Promise<number> {
  const bus = busOn(kafka, pool, storeOf(events), {});
  bus.addTranslation(campaigns);
  return rate(events.count, bus, async () => bus.waitFor(await storeOf(events).head(), WITHIN_MS));
}

/** All of what the relay published. */
async function rateOfConsumer(kafka: TestKafka, pool: Pool): Promise<number> {
  let handled = 0;
  const bus = busOn(kafka, pool, storeOf({ count: 0, at: never }), { batchEvents: 1_000 });
  bus.addConsumer({
    name: `insights.${randomUUID()}`,
    subscriptions: [{ context: 'campaigns', feed: 'lifecycle' }],
    handles: ['muster.campaigns.CampaignStatusChanged.v1'],
    handle: () => {
      handled++;
      return Promise.resolve();
    },
  });
  return rate(EVENTS, bus, async () => (await bus.waitFor(START, WITHIN_MS)) && handled >= EVENTS);
}

async function rateOfProfileFeed(kafka: TestKafka, pool: Pool): Promise<number> {
  const block = 50_000;
  const at = (n: number): StoredEvent => {
    const numbers = Array.from({ length: block }, (__, i) => n * block + i + 1);
    return event(n, 'audience-1', { profiles: ProfileSet.of(numbers).encodeBase64(), count: block }, [
      'a',
      'b',
      'c',
      'd',
    ]);
  };
  const events = { count: PROFILES / block, at };
  const externalIdsOf = (_: string, numbers: readonly number[]) =>
    Promise.resolve(new Map(numbers.map((number) => [number, `customer-${String(number)}`])));
  const bus = busOn(kafka, pool, storeOf(events), { externalIds: { externalIdsOf } });
  bus.addTranslation(audiences);
  return rate(PROFILES, bus, async () => bus.waitFor(await storeOf(events).head(), WITHIN_MS));
}

async function rate(count: number, bus: KafkaBus, done: () => Promise<boolean>): Promise<number> {
  const started = performance.now();
  await bus.start();
  const inTime = await done();
  const seconds = (performance.now() - started) / 1_000;
  await bus.stop();
  if (!inTime) throw new Error(`Kafka took longer than ${String(WITHIN_MS)} ms`);
  return count / seconds;
}

async function rateOfProducerTool(kafka: TestKafka, events: Events): Promise<number> {
  const folder = await mkdtemp(join(tmpdir(), 'muster-bench-'));
  const payload = join(folder, 'records');
  try {
    const records = await Promise.all(
      Array.from({ length: 20_000 }, (_, n) => campaigns.translate(events.at(n), never)),
    );
    await writeFile(payload, records.flatMap((some) => some.map((one) => JSON.stringify(one.event))).join('\n'));
    const said = await run('org.apache.kafka.tools.ProducerPerformance', [
      ...['--topic', topicOf('segments', 'lifecycle'), '--num-records', String(EVENTS), '--throughput', '-1'],
      ...['--payload-file', payload, '--producer-props', `bootstrap.servers=${kafka.brokers.join(',')}`, 'acks=all'],
    ]);
    return numberIn(said, /([\d.]+) records\/sec[^\n]*99\.9th/);
  } finally {
    await rm(folder, { recursive: true });
  }
}

async function rateOfConsumerTool(kafka: TestKafka): Promise<number> {
  const said = await run('org.apache.kafka.tools.ConsumerPerformance', [
    ...['--bootstrap-server', kafka.brokers.join(','), '--topic', LIFECYCLE, '--messages', String(EVENTS)],
    ...['--timeout', '60000'],
  ]);
  // start, end, MB, MB/s, messages, messages/s, rebalance ms, fetch ms, ...
  const figures = said.trim().split('\n').at(-1)!.split(',');
  return numberIn(figures[5] ?? '', /([\d.]+)/);
}

function numberIn(text: string, pattern: RegExp): number {
  const found = pattern.exec(text)?.[1];
  if (found === undefined) throw new Error(`no figure in what the tool of Kafka says: ${text}`);
  return Number(found);
}

function run(main: string, args: readonly string[]): Promise<string> {
  return new Promise((done, failed) => {
    const tool = spawn('java', ['-cp', JARS, main, ...args], { stdio: ['ignore', 'pipe', 'inherit'] });
    let said = '';
    tool.stdout.on('data', (chunk: Buffer) => (said += chunk.toString()));
    tool.once('error', failed);
    tool.once('close', (code) => {
      if (code === 0) done(said);
      else failed(new Error(`${main} ended with ${String(code)}`));
    });
  });
}

const leases: Leases = {
  tryAcquire: () => Promise.resolve({ lost: new AbortController().signal, release: () => Promise.resolve() }),
};

function busOn(kafka: TestKafka, pool: Pool, store: EventStore, options: Partial<KafkaBusOptions>): KafkaBus {
  return new KafkaBus({
    connection: { brokers: kafka.brokers },
    topics: TEST_TOPICS,
    store,
    storageOf: () => new PostgresConsumerStorage(pool),
    leasesOf: () => leases,
    ...options,
  });
}

const never = (): never => {
  throw new Error('nothing is read back here');
};

const campaigns: Translation = {
  context: 'campaigns',
  categories: ['campaign'],
  translate: (stored) => {
    const subject = stored.stream.slice('campaign-'.length);
    return told(stored, { context: 'campaigns', feed: 'lifecycle', name: 'CampaignStatusChanged', subject });
  },
};

const audiences: Translation = {
  context: 'audiences',
  categories: ['audience'],
  translate: (stored) =>
    told(stored, { context: 'audiences', feed: 'sets', name: 'ProfilesLeftCampaign', subject: '1' }),
};

function told(
  stored: StoredEvent,
  way: Pick<OutgoingEvent, 'context' | 'feed'> & { readonly name: string; readonly subject: string },
): Promise<readonly OutgoingEvent[]> {
  const data = { campaignId: way.subject, databaseId: way.subject, ...(stored.data as object) };
  return Promise.resolve([outgoingEvent(stored, { ...way, version: 1, n: 0, data })]);
}

function campaignEvents(): Events {
  const ids = Array.from({ length: EVENTS }, () => randomUUID());
  return {
    count: EVENTS,
    at: (n) => event(n, `campaign-${ids[n % CAMPAIGNS]!}`, { status: 'active', previous: 'audience_building' }, ids),
  };
}

interface Events {
  readonly count: number;
  readonly at: (n: number) => StoredEvent;
}

function event(n: number, stream: string, data: object, ids: readonly string[]): StoredEvent {
  return {
    position: String(n + 1).padStart(20, '0') as Position,
    stream,
    revision: n,
    id: ids[n]!,
    type: 'Told',
    data,
    metadata: {
      v: 1,
      time: '2026-03-01T00:00:00.000Z',
      actor: { kind: 'system', id: 'system', name: 'System' },
      correlationId: ids[ids.length - 1 - n]!,
    },
  };
}

/** A store that costs nothing to read: what is measured is the way from there. */
function storeOf(events: Events): EventStore {
  const refused = (): never => {
    throw new Error('this store is followed, and nothing else');
  };
  const head = events.count === 0 ? START : events.at(events.count - 1).position;
  return {
    storeId: 'bench',
    append: refused,
    readStream: refused,
    readAll: refused,
    close: () => Promise.resolve(),
    head: () => Promise.resolve(head),
    distance: () => Promise.resolve(0),
    async *subscribe({ signal, categories = [] }) {
      const wanted = ({ stream }: StoredEvent) => categories.some((category) => stream.startsWith(`${category}-`));
      for (let from = 0; from < events.count; from += 2_000) {
        const batch = Array.from({ length: Math.min(2_000, events.count - from) }, (_, i) => events.at(from + i));
        yield {
          events: batch.filter(wanted),
          scannedTo: batch.at(-1)!.position,
          caughtUp: from + 2_000 >= events.count,
        };
      }
      yield { events: [], scannedTo: head, caughtUp: true };
      await new Promise((ended) => {
        signal.addEventListener('abort', ended, { once: true });
      });
    },
  };
}
