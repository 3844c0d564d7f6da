import { createTestDatabase, describeIf, type TestDatabase } from '@muster/embedded/testing';
import { createKafka, topicOf } from '@muster/messaging-kafka';
import { kafkaForTests, startKafka, type TestKafka } from '@muster/messaging-kafka/testing';
import type { TestApp } from '@muster/platform/testing';
import { createPool } from '@muster/postgres';
import { ConfigResourceTypes } from 'kafkajs';
import { startServices, until } from './installation';
import { musterOps } from './muster-ops';

jest.setTimeout(180_000);

const { available, reason } = kafkaForTests();
const TOPIC = topicOf('campaigns', 'lifecycle');
const CONSUMER = 'audiences.intake';

describeIf(available, reason)('with Kafka', () => {
  let kafka: TestKafka;
  let database: TestDatabase;
  let app: TestApp | undefined;

  const env = (more: Record<string, string> = {}) => ({
    DATABASE_URL: database.connectionString,
    KAFKA_BROKERS: kafka.brokers.join(','),
    KAFKA_REPLICATION_FACTOR: '1',
    KAFKA_MIN_INSYNC_REPLICAS: '1',
    ...more,
  });
  const ops = (...args: string[]) => musterOps(env(), ...args);

  beforeAll(async () => {
    [kafka, database] = await Promise.all([startKafka(), createTestDatabase()]);
  });
  afterAll(async () => {
    await app?.close();
    await kafka.remove();
    await database.drop();
  });

  async function admin<T>(
    work: (admin: ReturnType<ReturnType<typeof createKafka>['admin']>) => Promise<T>,
  ): Promise<T> {
    const client = createKafka({ brokers: kafka.brokers }).admin();
    await client.connect();
    try {
      return await work(client);
    } finally {
      await client.disconnect();
    }
  }

  describe('topics', () => {
    it('are missing, are created, and are as declared then', async () => {
      if (!kafka.own) return;
      const before = await ops('topics', 'check');
      expect(before.code).toBe(1);
      expect(before.out).toContain(`${TOPIC} is missing\n`);
      const letters = await ops('dead-letters', 'list');
      expect([letters.code, letters.err]).toEqual([
        1,
        `muster-ops: Kafka at ${kafka.brokers.join()} lacks a topic of Muster: run muster-ops topics apply\n`,
      ]);
      const three = await musterOps(env({ KAFKA_REPLICATION_FACTOR: '3' }), 'topics', 'apply');
      expect([three.code, three.err]).toEqual([
        1,
        `muster-ops: Kafka at ${kafka.brokers.join()} has fewer brokers than copies are asked for: see KAFKA_REPLICATION_FACTOR\n`,
      ]);
      const applied = await ops('topics', 'apply');
      expect([applied.code, applied.err]).toEqual([0, '']);
      expect(applied.out).toContain(`${TOPIC}: created\nmuster.dead-letters.v1: created\n`.slice(0, TOPIC.length + 10));
      expect((await ops('topics', 'check')).out).toMatch(/^All \d+ topics are as declared\.\n$/);
      expect((await ops('topics', 'apply')).out).toBe('All topics are as declared already.\n');
      const { code, out } = await ops('topics', 'list');
      expect(code).toBe(0);
      expect(out).toMatch(new RegExp(`${TOPIC.replaceAll('.', '\\.')} +12 +1 +1 +14 +as declared\n`));
    });

    it('that keep too little are mended, and what hangs on partitions is refused', async () => {
      if (!kafka.own) return;
      await admin((client) =>
        client.alterConfigs({
          validateOnly: false,
          resources: [
            { type: ConfigResourceTypes.TOPIC, name: TOPIC, configEntries: [{ name: 'retention.ms', value: '1000' }] },
          ],
        }),
      );
      await until(async () => (await ops('topics', 'check')).code === 1);
      const mended = await ops('topics', 'apply');
      expect([mended.code, mended.out.includes(`mended: ${TOPIC}: retention.ms is 1000`)]).toEqual([0, true]);
      await admin((client) => client.createPartitions({ topicPartitions: [{ topic: 'segments.sets.v1', count: 13 }] }));
      await until(async () => (await ops('topics', 'check')).code === 1);
      const { code, err } = await ops('topics', 'apply');
      expect(code).toBe(1);
      expect(err).toBe(
        'muster-ops: topics are not as declared: segments.sets.v1: it has 13 partitions, 12 are declared; what keys and copies hang on is changed by hand\n',
      );
      await admin((client) => client.deleteTopics({ topics: ['segments.sets.v1'] }));
      await until(async () => (await ops('topics', 'apply')).code === 0);
    });

    it('ask for more copies than there are brokers, and are told so', async () => {
      if (!kafka.own) return;
      const safety = { KAFKA_REPLICATION_FACTOR: '3', KAFKA_MIN_INSYNC_REPLICAS: '2' };
      const { code, out } = await musterOps(env(safety), 'topics', 'check');
      expect(code).toBe(1);
      expect(out).toContain(`${TOPIC}: a partition has 1 copies, 3 are needed\n`);
    });

    it('need brokers that answer, and an environment that is right', async () => {
      const away = await musterOps(env({ KAFKA_BROKERS: '127.0.0.1:1' }), 'topics', 'check');
      expect([away.code, away.err]).toEqual([1, 'muster-ops: Kafka at 127.0.0.1:1 does not answer (ECONNREFUSED)\n']);
      const absent = await musterOps(env({ KAFKA_BROKERS: '' }), 'topics', 'check');
      expect([absent.code, absent.err]).toEqual([
        2,
        'muster-ops: KAFKA_BROKERS is not set: host:port, or several separated by commas\n',
      ]);
      const wrong = await musterOps(env({ KAFKA_MIN_INSYNC_REPLICAS: '2' }), 'topics', 'apply');
      expect(wrong.code).toBe(2);
      expect(wrong.err).toContain('KAFKA_MIN_INSYNC_REPLICAS is 2; it must not be more than KAFKA_REPLICATION_FACTOR');
      const user = { KAFKA_SASL_MECHANISM: 'plain', KAFKA_USERNAME: 'nobody', KAFKA_PASSWORD: 'hush-hush' };
      const refused = await musterOps(env(user), 'topics', 'check');
      expect(refused.code).toBe(1);
      expect(refused.err).toMatch(/^muster-ops: Kafka at \S+ [^\n]+\n$/);
      expect(refused.err).not.toContain('hush');
    });
  });

  describe('dead letters', () => {
    const campaign = '77777777-7777-4777-8777-777777777777';
    const event = (revision: number, over: object = {}) =>
      JSON.stringify({
        specversion: '1.0',
        id: `campaign-${campaign}/${String(revision)}/0`,
        source: '/muster/campaigns',
        type: 'muster.campaigns.CampaignDeactivated.v1',
        time: '2026-01-01T00:00:00.000Z',
        subject: campaign,
        correlationid: 'c',
        position: '1',
        datacontenttype: 'application/json',
        data: { campaignId: campaign },
        ...over,
      });

    async function publish(...values: string[]): Promise<void> {
      const producer = createKafka({ brokers: kafka.brokers }).producer();
      await producer.connect();
      await producer.send({ topic: TOPIC, messages: values.map((value) => ({ key: campaign, value })) });
      await producer.disconnect();
    }
    const waiting = async () => (await ops('dead-letters', 'list', '--json')).json<{ id: string; reason: string }[]>();

    beforeAll(async () => {
      if (!kafka.own) await ops('topics', 'apply');
      const connection = { brokers: kafka.brokers };
      const topics = { replicationFactor: 1, minInsyncReplicas: 1 };
      app = await startServices(database.connectionString, { kafka: { connection, topics, sessionTimeoutMs: 6_000 } });
    });

    it('are listed with the reason, and shown as they came', async () => {
      await publish('no JSON at all', event(3, { type: 'muster.campaigns.CampaignDeactivated.v9' }));
      await until(async () => (await waiting()).length === 2);
      const { code, out } = await ops('dead-letters', 'list');
      expect(code).toBe(1);
      expect(out).toMatch(new RegExp(`${CONSUMER} +${TOPIC} +\\d+/0 +${campaign} +waits +it is no JSON in UTF-8\n`));
      const [first] = await waiting();
      const shown = (await ops('dead-letters', 'show', first!.id)).json<Record<string, unknown>>();
      expect(shown).toMatchObject({ consumer: CONSUMER, topic: TOPIC, body: { text: 'no JSON at all' } });
    });

    it('come back where they still cannot be read', async () => {
      const [first] = await waiting();
      const { code, out } = await ops('dead-letters', 'retry', first!.id);
      expect([code, out]).toEqual([0, `${first!.id}: published again in ${TOPIC} for ${CONSUMER}.\n`]);
      await until(async () => (await waiting()).some(({ id, reason }) => id !== first!.id && reason.includes('JSON')));
      const again = await ops('dead-letters', 'retry', first!.id);
      expect([again.code, again.err]).toEqual([2, `muster-ops: the dead letter ${first!.id} was retried already\n`]);
    });

    it('are not published again where the consumer has handled later events of the stream since', async () => {
      await publish(event(4));
      const pool = createPool({ connectionString: database.connectionString });
      await until(async () => (await pool.query('SELECT FROM audiences.inbox WHERE revision = 4')).rowCount === 1);
      await pool.end();
      const newer = (await waiting()).find(({ reason }) => reason.includes('newer than version 1'));
      const { code, out, err } = await ops('dead-letters', 'retry', newer!.id);
      expect([code, out]).toEqual([1, '']);
      expect(err).toContain(`${CONSUMER} has handled revision 4 of campaign-${campaign} since, this one is 3`);
    });

    it('are dropped where that is said to be meant, and stay to be looked at', async () => {
      const ids = (await waiting()).map(({ id }) => id);
      expect((await ops('dead-letters', 'drop', ...ids)).code).toBe(2);
      expect((await ops('dead-letters', 'drop', ...ids, '--yes')).code).toBe(0);
      const none = await ops('dead-letters', 'list');
      expect([none.code, none.err]).toEqual([0, 'No dead letter waits.\n']);
      const all = (await ops('dead-letters', 'list', '--all', '--json')).json();
      expect(all.map(({ outcome }) => outcome).sort()).toEqual(['dropped', 'dropped', 'retried']);
    });

    it('that do not exist are told with those that wait', async () => {
      const { code, err } = await ops('dead-letters', 'show', '0/999');
      expect([code, err]).toEqual([2, 'muster-ops: there is no dead letter 0/999; none waits\n']);
    });
  });

  it('checkpoints list shows relays, and consumers as groups with what they have not handled', async () => {
    const list = () => musterOps(env({ BUS: 'kafka' }), 'checkpoints', 'list', '--json');
    const group = { kind: 'group', name: `${CONSUMER} ${TOPIC}`, lagMessages: 0 };
    await until(async () => (await list()).json().some((state) => JSON.stringify(state) === JSON.stringify(group)));
    expect((await list()).json()).toContainEqual(
      expect.objectContaining({ kind: 'relay', name: 'campaigns.relay-lifecycle' }),
    );
  });
});
