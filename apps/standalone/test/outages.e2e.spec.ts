import { describeIf } from '@muster/embedded/testing';
import { createKafka, TOPICS } from '@muster/messaging-kafka';
import { declareTopics, kafkaForTests } from '@muster/messaging-kafka/testing';
import { until, type Client } from './client';
import { Apart, SERVICES } from './forms/apart';
import type { Health } from './forms/service-process';

const MINUTE = 60_000;
const PEOPLE = 300;
const people = Array.from({ length: PEOPLE }, (_, i) => `p${String(i)}`);

jest.setTimeout(4 * MINUTE);

const { KAFKA_BROKERS: given = '', EVENTSTOREDB_URL: server = '' } = process.env;
const theirs = given + server === '' ? '' : 'KAFKA_BROKERS or EVENTSTOREDB_URL is set, and those are not ours to kill';
const { available, reason } = kafkaForTests();

describeIf(available && theirs === '', reason || theirs)('services on EventStoreDB and Kafka', () => {
  let apart: Apart;
  let client: Client;
  let databaseId: string;
  let segmentId: string;

  beforeAll(async () => {
    apart = await Apart.prepare('eventstoredb');
    ({ client } = apart);
  });
  afterAll(() => apart.close());

  const everyone = (expected: (health: Health) => boolean): Promise<Health[]> =>
    Promise.all(SERVICES.map((name) => apart.service(name).healthOf(expected, 2 * MINUTE)));
  /** Insights carries nothing, so nothing is missing for it. */
  const whoCarries = (expected: (health: Health) => boolean): Promise<Health[]> =>
    everyone((health) => expected(health) || health.status === 'ready').then((all) => {
      expect(all.filter(({ status }) => status === 'ready')).toHaveLength(1);
      return all;
    });
  const isReady = ({ status }: Health): boolean => status === 'ready';

  async function activated(name: string): Promise<string> {
    const campaign = { name, databaseId, segmentId, lcg: { percent: 10 } };
    const { campaignId } = await client.post<{ campaignId: string }>('/campaigns', campaign);
    await client.post(`/campaigns/${campaignId}/activities`, { kind: 'broadcast', name: 'Mail' });
    await client.post(`/campaigns/${campaignId}/activation`);
    return campaignId;
  }

  const statusOf = async (campaignId: string): Promise<string> =>
    (await client.get<{ status: string }>(`/campaigns/${campaignId}`)).status;

  async function becomesActive(campaignId: string): Promise<void> {
    await until(
      () => statusOf(campaignId),
      (status) => status === 'active',
      { timeoutMs: 2 * MINUTE, everyMs: 50 },
    );
  }

  it('take commands while Kafka is away, and say that it is', async () => {
    const admin = createKafka({ brokers: apart.kafka.brokers }).admin();
    await admin.connect();
    await admin.deleteTopics({ topics: TOPICS.map(({ name }) => name) });
    await admin.disconnect();
    await apart.kafka.kill();
    for (const name of SERVICES) apart.service(name).start();
    await whoCarries(({ status, reasons }) => status === 'degraded' && reasons.join().includes('(ECONNREFUSED)'));
    const database = { name: 'People', fields: [{ name: 'age', type: 'integer' }] };
    ({ databaseId } = await client.post<{ databaseId: string }>('/profile-databases', database));
    const csv = ['externalId,age', ...people.map((id) => `${id},30`)].join('\n');
    expect(await client.import(databaseId, csv, [['externalId', 'externalId']])).toMatchObject({ state: 'completed' });
    const segment = { databaseId, name: 'Everyone', kind: 'static', condition: null, fill: true };
    ({ segmentId } = await client.post<{ segmentId: string }>('/segments', segment));
    await until(
      () => client.get<{ count: number }>(`/segments/${segmentId}`),
      ({ count }) => count === PEOPLE,
    );
  });

  it('wait for topics, say who makes them, and then carry what was told before', async () => {
    const campaignId = await activated('Spring');
    await apart.kafka.start();
    await whoCarries(({ reasons }) => /is missing.*muster-ops topics apply/.test(reasons.join()));
    expect(await statusOf(campaignId)).toBe('audience_building');
    await declareTopics(apart.kafka);
    await everyone(isReady);
    await becomesActive(campaignId);
    expect((await entered(apart.kafka.brokers, campaignId)).sort()).toEqual([...people].sort());
  });

  it('refuse commands while EventStoreDB is away, live, and go on with it', async () => {
    await apart.eventStoreDb.kill();
    await everyone(
      ({ status, reasons }) => status === 'unavailable' && reasons[0] === 'the event store does not answer',
    );
    const refused = await client.send('POST', '/profile-databases', { name: 'More', fields: [] });
    expect([refused.status, refused.headers.get('retry-after')]).toEqual([503, '5']);
    expect(refused.json()).toMatchObject({ code: 'DEPENDENCY_UNAVAILABLE' });
    expect((await client.send('GET', '/health/live')).status).toBe(200);
    await apart.eventStoreDb.restart();
    await everyone(isReady);
    await becomesActive(await activated('Summer'));
  });

  it('survive a broker that is killed, and stop when they are asked to', async () => {
    await apart.kafka.kill();
    const campaignId = await activated('Autumn');
    await whoCarries(({ status }) => status === 'degraded');
    await apart.kafka.start();
    await becomesActive(campaignId);
    await everyone(isReady);
    expect(await Promise.all(SERVICES.map((name) => apart.service(name).end('SIGTERM')))).toEqual([0, 0, 0, 0]);
  });
});

/** Who entered this campaign by the profile feed of audiences, as a subscriber sees it: by external id. */
async function entered(brokers: string[], campaignId: string): Promise<string[]> {
  const ids: string[] = [];
  const consumer = createKafka({ brokers }).consumer({ groupId: `subscriber-${campaignId}` });
  await consumer.connect();
  await consumer.subscribe({ topics: ['audiences.profiles.v1'], fromBeginning: true });
  await consumer.run({
    eachMessage: ({ message: { value } }) => {
      const event = JSON.parse(value?.toString() ?? '') as Record<string, string> & { data: { externalId: string } };
      const isTold = event['subject'] === campaignId && event['type'] === 'muster.audiences.ProfileEnteredCampaign.v1';
      if (isTold) ids.push(event.data.externalId);
      return Promise.resolve();
    },
  });
  await until(
    () => Promise.resolve(ids.length),
    (count) => count >= PEOPLE,
    { timeoutMs: MINUTE },
  );
  await consumer.disconnect();
  return ids;
}
