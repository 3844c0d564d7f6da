import { createTestDatabase, type TestDatabase } from '@muster/embedded/testing';
import { MemoryEventStore } from '@muster/event-store-memory';
import { CONSUMER_DDL, PostgresConsumerStorage } from '@muster/messaging';
import { createPool } from '@muster/postgres';
import { ConfigResourceTypes, type Admin } from 'kafkajs';
import { randomUUID } from 'node:crypto';
import { TestLeases } from './bus-world.fixture';
import { applyTopics, checkTopics, createKafka, KafkaBus, TOPICS } from './index';
import { declareTopics, kafkaForTests, startKafka, type TestKafka } from './testing';
import { until } from './until.fixture';

const { available, reason } = kafkaForTests();
if (!available) process.stdout.write(`Topics on a broker are not tested: ${reason}\n`);
const describeWithKafka = available ? describe : describe.skip;

describeWithKafka('the topics', () => {
  const safety = { replicationFactor: 1, minInsyncReplicas: 1 };
  const declared = () => ({
    name: `try.${randomUUID()}`,
    partitions: 3,
    retentionMs: 3_600_000,
    maxMessageBytes: 100_000,
  });
  let kafka: TestKafka;
  let admin: Admin;
  let database: TestDatabase;

  beforeAll(async () => {
    [kafka, database] = await Promise.all([startKafka(), createTestDatabase()]);
    admin = createKafka({ brokers: kafka.brokers }).admin();
    await admin.connect();
  }, 180_000);
  afterAll(async () => {
    await admin.disconnect();
    await kafka.remove();
    await database.drop();
  });

  it('are waited for where they are missing: who has a bus says so, and carries on once they are applied', async () => {
    if (!kafka.own) return;
    const pool = createPool({ connectionString: database.connectionString });
    await pool.query(CONSUMER_DDL);
    const stopped: string[] = [];
    const bus = new KafkaBus({
      connection: { brokers: kafka.brokers },
      topics: safety,
      store: new MemoryEventStore(),
      storageOf: () => new PostgresConsumerStorage(pool),
      leasesOf: () => new TestLeases(),
      onStopped: (name, error) => stopped.push(`${name}: ${String(error.stack)}`),
      times: { pollMs: 50 },
    });
    const subscriptions = [{ context: 'campaigns', feed: 'lifecycle' }] as const;
    bus.addConsumer({ name: 'insights.waits', subscriptions, handles: [], handle: () => Promise.resolve() });
    bus.addTranslation({ context: 'campaigns', categories: ['campaign'], translate: () => Promise.resolve([]) });
    await bus.start();
    await until(async () => (await bus.trouble())?.includes('muster-ops topics apply') === true);
    expect(await bus.trouble()).toContain('campaigns.lifecycle.v1 is missing');
    expect(await admin.listTopics()).not.toContain('campaigns.lifecycle.v1');
    await declareTopics(kafka);
    expect((await admin.listTopics()).sort()).toEqual(expect.arrayContaining(TOPICS.map(({ name }) => name)));
    await until(async () => (await bus.trouble()) === null);
    await until(async () => (await admin.describeGroups(['insights.waits'])).groups[0]?.state === 'Stable');
    expect(stopped).toEqual([]);
    expect((await bus.status()).map(({ state }) => state)).toEqual(['running', 'running']);
    await bus.stop();
    await pool.end();
  });

  it('are created where they are missing, and named where they are not as declared', async () => {
    const topic = declared();
    await expect(checkTopics(admin, safety, [topic])).rejects.toMatchObject({
      name: 'WrongTopicConfiguration',
      differences: [`${topic.name} is missing`],
    });
    expect(await applyTopics(admin, safety, [topic])).toEqual({ created: [topic.name], mended: [] });
    expect(await applyTopics(admin, safety, [topic])).toEqual({ created: [], mended: [] });
    const otherwise = { ...topic, partitions: 12, retentionMs: 7_200_000, maxMessageBytes: 200_000 };
    await expect(checkTopics(admin, { ...safety, minInsyncReplicas: 2 }, [otherwise])).rejects.toMatchObject({
      differences: [
        `${topic.name}: it has 3 partitions, 12 are declared`,
        `${topic.name}: retention.ms is 3600000, at least 7200000 is needed`,
        `${topic.name}: min.insync.replicas is 1, at least 2 is needed`,
        `${topic.name}: max.message.bytes is 100000, at least 200000 is needed`,
      ],
    });
  });

  it('are mended in their settings, and keep the others that somebody gave them', async () => {
    const topic = declared();
    const { name } = topic;
    await applyTopics(admin, safety, [topic]);
    const settings = { 'cleanup.policy': 'delete', 'retention.ms': '1000', 'segment.ms': '600000' };
    const configEntries = Object.entries(settings).map(([key, value]) => ({ name: key, value }));
    const resources = [{ type: ConfigResourceTypes.TOPIC, name, configEntries }];
    await admin.alterConfigs({ validateOnly: false, resources });
    const larger = { ...topic, maxMessageBytes: 2_000_000 };
    expect((await applyTopics(admin, safety, [larger])).mended).toEqual([
      `${name}: retention.ms is 1000, at least 3600000 is needed`,
      expect.stringMatching(/max\.message\.bytes is \d+, at least 2000000 is needed$/),
    ]);
    const described = await admin.describeConfigs({
      includeSynonyms: false,
      resources: [{ type: ConfigResourceTypes.TOPIC, name, configNames: ['retention.ms', 'segment.ms'] }],
    });
    const found = described.resources[0]?.configEntries.map(({ configName, configValue }) => [configName, configValue]);
    expect(Object.fromEntries(found ?? [])).toEqual({ 'retention.ms': '3600000', 'segment.ms': '600000' });
  });

  it('are not touched where one is wrong in what must not change', async () => {
    const [wrong, missing] = [declared(), declared()];
    await applyTopics(admin, safety, [wrong]);
    const topics = [missing, { ...wrong, partitions: 12, retentionMs: 7_200_000 }];
    await expect(applyTopics(admin, safety, topics)).rejects.toMatchObject({
      differences: [`${wrong.name}: it has 3 partitions, 12 are declared`],
    });
    await expect(checkTopics(admin, safety, [wrong])).resolves.toBeUndefined();
    expect(await admin.listTopics()).not.toContain(missing.name);
  });
});
