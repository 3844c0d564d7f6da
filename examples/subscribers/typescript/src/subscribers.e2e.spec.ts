import { outgoingEvent, topicOf, TOPICS, type OutgoingEvent } from '@muster/contracts';
import { createTestDatabase, describeIf, type TestDatabase } from '@muster/embedded/testing';
import { profileMessages } from '@muster/messaging-kafka';
import { kafkaForTests, startKafka, type TestKafka } from '@muster/messaging-kafka/testing';
import { ProfileSet } from '@muster/profile-set';
import { CompressionTypes, Kafka, logLevel, type Message } from 'kafkajs';
import { spawn, spawnSync } from 'node:child_process';
import { randomUUID } from 'node:crypto';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { Pool } from 'pg';
import { subscribe } from './subscriber';

const PATIENCE_MS = 90_000;
jest.setTimeout(2 * PATIENCE_MS);

const [PROFILES, SETS] = [topicOf('audiences', 'profiles'), topicOf('audiences', 'sets')];
const PYTHON = resolve(__dirname, '../../python/subscriber.py');
const { available, reason } = kafkaForTests();
/** These subscribers read whole topics: those of a given broker may hold what other tests told. */
const given = (process.env['KAFKA_BROKERS'] ?? '') !== '';
const hasPython = spawnSync('python3', ['-c', 'import confluent_kafka, pyroaring']).status === 0;

const campaignId = randomUUID();
const databaseId = randomUUID();
const base64 = (numbers: readonly number[]): string => ProfileSet.of(numbers).encodeBase64();
const range = (from: number, to: number): number[] => Array.from({ length: to - from }, (_, i) => from + i);

let revision = 0;
function told(name: string, data: object): OutgoingEvent {
  const metadata = { time: '2026-04-01T12:00:00.000Z', correlationId: 'a-request' };
  const stored = { stream: `audience-${campaignId}`, revision: revision++, id: randomUUID(), position: '1', metadata };
  return outgoingEvent(stored, {
    ...{ context: 'audiences', feed: 'sets', version: 1, n: 0, subject: campaignId },
    name,
    data: { campaignId, databaseId, ...data },
  });
}

/** 1,000 enter, every tenth in control; 100 leave; 20 of control become test; 50 of those who left come back. */
const STORY = [
  entered(range(1, 1001)),
  told('ProfilesLeftCampaign', { cause: 'segment', profiles: base64(range(1, 101)), count: 100 }),
  told('ProfilesChangedGroup', {
    ...{ cause: 'lcg_changed', group: 'test', count: 20 },
    profiles: base64(range(11, 31).map((i) => 10 * i)),
  }),
  entered(range(1, 51)),
];
const CONTROL = [...range(1, 6), ...range(31, 101)].map((i) => 10 * i);
const TEST = [...range(1, 51), ...range(101, 1001)].filter((profile) => !CONTROL.includes(profile));

function entered(numbers: readonly number[]): OutgoingEvent {
  const control = numbers.filter((number) => number % 10 === 0);
  return told('ProfilesEnteredCampaign', {
    ...{ epoch: 1, cause: 'segment', profiles: base64(numbers), count: numbers.length },
    ...{ control: base64(control), controlCount: control.length },
  });
}

const asMessage = ({ key, event }: OutgoingEvent): Message => ({ key, value: JSON.stringify(event) });

async function asProfiles(event: OutgoingEvent): Promise<Message[]> {
  const externalIdsOf = (_: string, numbers: readonly number[]) =>
    Promise.resolve(new Map(numbers.map((number) => [number, `customer-${String(number)}`])));
  const messages: Message[] = [];
  for await (const some of profileMessages([event], { externalIdsOf })) messages.push(...some);
  return messages;
}

async function until(holds: () => Promise<boolean> | boolean): Promise<void> {
  const deadline = performance.now() + PATIENCE_MS;
  while (!(await holds())) {
    if (performance.now() > deadline) throw new Error('it did not come to that in time');
    await sleep(20);
  }
}

describeIf(available && !given, given ? 'needs a broker of its own, not KAFKA_BROKERS' : reason)(
  'subscribers as in the examples, on a real broker',
  () => {
    let broker: TestKafka;
    let kafka: Kafka;

    beforeAll(async () => {
      broker = await startKafka();
      kafka = new Kafka({ brokers: broker.brokers, logLevel: logLevel.NOTHING });
      const admin = kafka.admin();
      await admin.connect();
      const missing = TOPICS.filter(({ name }) => [PROFILES, SETS].includes(name as typeof SETS));
      const topics = missing.map(({ name, partitions }) => ({ topic: name, numPartitions: partitions }));
      await admin.createTopics({ topics, waitForLeaders: true });
      await admin.disconnect();
    });
    afterAll(() => broker.remove());

    async function publish(topic: string, messages: readonly Message[]): Promise<void> {
      const producer = kafka.producer({ idempotent: true });
      await producer.connect();
      await producer.send({ topic, messages: [...messages], acks: -1, compression: CompressionTypes.GZIP });
      await producer.disconnect();
    }

    describe('in TypeScript', () => {
      let database: TestDatabase;
      let pool: Pool;

      beforeAll(async () => {
        database = await createTestDatabase();
        pool = new Pool({ connectionString: database.connectionString });
      });
      afterAll(async () => {
        await pool.end();
        await database.drop();
      });

      it('have each effect once, though the subscriber stops and what it had is told again', async () => {
        const stories = await Promise.all(STORY.map(asProfiles));
        const messages = stories.flat();
        const again = stories[0]!;
        await publish(PROFILES, messages);
        const groupId = `members-${campaignId}`;
        let [read, had] = [0, 0];
        const start = () =>
          subscribe({
            ...{ brokers: broker.brokers, groupId, pool, log: logLevel.NOTHING },
            onCrash: (error) => {
              throw error;
            },
            onBatch: (_, some, before) => {
              read += some;
              had += before;
            },
          });
        const stop = await start();
        await until(() => read >= messages.length);
        await stop();
        const broken = String(again[0]?.value).replace('"epoch":1', '"epoch":"one"');
        await publish(PROFILES, [
          ...again,
          { key: 'x', value: broken },
          { key: 'y', value: broken.replace('.v1"', '.v9"') },
          { key: 'z', value: 'no event' },
        ]);
        [read, had] = [0, 0];
        const stopAgain = await start();
        await until(() => read >= again.length + 3);
        await stopAgain();
        expect(had).toBe(again.length);
        const { rows } = await pool.query<{ profile: string; external_id: string; in_group: string }>(
          'SELECT profile, external_id, in_group FROM member WHERE campaign = $1 AND database = $2 ORDER BY profile',
          [campaignId, databaseId],
        );
        const expected = [...TEST.map((p) => [p, 'test'] as const), ...CONTROL.map((p) => [p, 'control'] as const)];
        expect(rows.map(({ profile, external_id, in_group }) => [Number(profile), external_id, in_group])).toEqual(
          expected.sort(([a], [b]) => a - b).map(([p, group]) => [p, `customer-${String(p)}`, group]),
        );
        const { rows: unreadable } = await pool.query<{ reason: string }>(
          'SELECT reason FROM unreadable ORDER BY reason',
        );
        expect(unreadable.map((row) => row.reason)).toEqual(['/data/epoch must be integer', 'it is no event']);
      });
    });

    describeIf(hasPython, 'no python3 with confluent_kafka and pyroaring')('in Python', () => {
      it('have each effect once, though what it had is told again', async () => {
        const messages = STORY.map(asMessage);
        await publish(SETS, [...messages, messages[0]!, { key: 'z', value: 'no event' }]);
        const folder = await mkdtemp(join(tmpdir(), 'muster-subscriber-'));
        const child = spawn('python3', [PYTHON], {
          env: { ...process.env, KAFKA_BROKERS: broker.brokers.join(), AUDIENCES_DB: join(folder, 'audiences.sqlite') },
          stdio: ['ignore', 'pipe', 'inherit'],
        });
        let said = '';
        child.stdout.on('data', (chunk: Buffer) => (said += chunk.toString()));
        const events = (): number => [...said.matchAll(/(\d+) events/g)].reduce((sum, [, n]) => sum + Number(n), 0);
        await until(() => events() >= messages.length + 2);
        const ended = new Promise((done) => child.once('exit', done));
        child.kill('SIGTERM');
        expect(await ended).toBe(0);
        expect(said).toContain(`campaign ${campaignId} control: ${String(CONTROL.length)} profiles`);
        expect(said).toContain(`campaign ${campaignId} test: ${String(TEST.length)} profiles`);
        await rm(folder, { recursive: true });
      });
    });
  },
);
