import { describeIf } from '@muster/embedded/testing';
import { DomainError } from '@muster/kernel';
import type { OutgoingEvent } from '@muster/contracts';
import { currentTraceId } from '@muster/tracing';
import { recordTraces } from '@muster/tracing/testing';
import { eventCheck } from '@muster/contracts/validation';
import type { SASLOptions } from 'kafkajs';
import { BusWorld } from './bus-world.fixture';
import { DEAD_LETTERS, topicOf } from './index';
import { kafkaForTests } from './testing';
import { textOf, TOLD } from './translations.fixture';
import { PATIENCE_MS, until } from './until.fixture';

jest.setTimeout(2 * PATIENCE_MS);

const { available, reason } = kafkaForTests();
const TOPIC = topicOf('campaigns', 'lifecycle');

describeIf(available, reason)('on a real broker', () => {
  let world: BusWorld;

  beforeAll(async () => {
    world = await BusWorld.open();
  });
  afterAll(() => world.close());
  beforeEach(() => world.fresh());
  afterEach(() => world.done());

  it('delivers what a consumer subscribes to and handles, in order, and nothing else', async () => {
    const seen: string[] = [];
    const bus = await world.bus((delivery) =>
      Promise.resolve(void seen.push(`${delivery.event.id} ${textOf(delivery)}`)),
    );
    await world.tell('a', 'first');
    await world.tell('a', 'another type', { type: 'Whispered' });
    await world.tell('a', 'second');
    await world.settled(bus);
    const stream = `campaign-${world.run}a`;
    expect(seen).toEqual([`${stream}/0/0 first`, `${stream}/2/0 second`]);
    expect((await bus.status()).map(({ state, lagEvents }) => [state, lagEvents])).toEqual(
      Array.from({ length: 4 }, () => ['running', 0]),
    );
  });

  it('carries the trace of a stored event to the consumer, and tells what it does in it', async () => {
    const traces = recordTraces();
    const traceparent = '00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01';
    const [, traceId, spanId] = traceparent.split('-');
    const seen: (string | undefined)[] = [];
    const handled = jest.fn();
    const published = jest.fn();
    const bus = await world.bus(() => Promise.resolve(void seen.push(currentTraceId())), {
      onHandled: handled,
      onPublished: published,
    });
    await world.append(`campaign-${world.run}a`, 'Told', { text: 'traced' }, 1, { traceparent });
    await world.tell('a', 'not traced');
    await world.settled(bus);
    const told = traces.told().map(({ name, parentSpanId, ...span }) => [name, span.traceId, parentSpanId]);
    await traces.stop();
    expect(seen).toEqual([traceId, undefined]);
    expect(told).toEqual([
      [`publish ${TOPIC}`, traceId, spanId],
      [`consume ${world.consumer}`, traceId, spanId],
    ]);
    expect(handled).toHaveBeenCalledWith(world.consumer, 'handled', expect.any(Number));
    const messages = published.mock.calls.map(([relay, count]) =>
      relay === 'campaigns.relay-lifecycle' ? Number(count) : 0,
    );
    expect(messages.reduce((sum, count) => sum + count, 0)).toBe(2);
  });

  it('goes on after a restart with what was not finished', async () => {
    const seen: string[] = [];
    const handle = (delivery: OutgoingEvent) => Promise.resolve(void seen.push(textOf(delivery)));
    const first = await world.bus(handle);
    await world.tell('a', '1');
    await world.settled(first);
    await first.stop();
    await world.tell('a', '2');
    await world.settled(await world.bus(handle));
    expect(seen).toEqual(['1', '2']);
  });

  it('parks what fails for good with all that follows of its key, and replays them in order when asked', async () => {
    const seen: string[] = [];
    let cured = false;
    const bus = await world.bus((delivery) => {
      if (textOf(delivery) === 'poison' && !cured) {
        return Promise.reject(new DomainError('VALIDATION_FAILED', { detail: 'no' }));
      }
      seen.push(`${world.keyOf(delivery)} ${textOf(delivery)}`);
      return Promise.resolve();
    });
    for (const text of ['before', 'poison', 'after']) await world.tell('a', text);
    for (let i = 0; i < 20; i++) await world.tell(`other${String(i)}`, 'x');
    await world.settled(bus);
    expect(seen.filter((text) => text.startsWith('a '))).toEqual(['a before']);
    expect(seen.filter((text) => text.endsWith(' x'))).toHaveLength(20);
    expect(await world.parked()).toEqual([
      { key: 'a', text: 'poison', attempts: 5 },
      { key: 'a', text: 'after', attempts: 0 },
    ]);
    cured = true;
    expect(await bus.retryParked(world.consumer, `${world.run}a`)).toBe(2);
    await until(async () => (await world.parked()).length === 0);
    await world.tell('a', 'later');
    await world.settled(bus);
    expect(seen.filter((text) => text.startsWith('a '))).toEqual(['a before', 'a poison', 'a after', 'a later']);
  });

  it('waits as long as it takes while what a handler needs is away, and holds up no other partition', async () => {
    const seen: string[] = [];
    let tries = 0;
    const away = new DomainError('DEPENDENCY_UNAVAILABLE', { detail: 'away' });
    let back = false;
    const bus = await world.bus((delivery) => {
      if (world.keyOf(delivery) === 'a' && !back) {
        tries++;
        return Promise.reject(away);
      }
      seen.push(world.keyOf(delivery));
      return Promise.resolve();
    });
    await world.tell('a', 'x');
    await until(() => tries > 1);
    for (let i = 0; i < 30; i++) await world.tell(`b${String(i)}`, 'x');
    // Those of the same partition wait; there are a few.
    await until(() => seen.length > 20);
    await until(() => tries > 6);
    back = true;
    await world.settled(bus);
    expect(seen.filter((key) => key === 'a')).toHaveLength(1);
    expect(new Set(seen).size).toBe(31);
    expect(await world.parked()).toEqual([]);
  });

  it('puts aside an event that breaks the declared schema of its type, and goes on', async () => {
    const subject = `${world.run}-8a57-4791-81fe-4c455b099bc9`;
    const seen: string[] = [];
    const consumer = {
      name: world.consumer,
      subscriptions: [{ context: 'campaigns', feed: 'lifecycle' }] as const,
      handles: ['muster.campaigns.CampaignBuildCancelled.v1'],
      handle: ({ event: { data } }: OutgoingEvent) => Promise.resolve(void seen.push((data as { text: string }).text)),
    };
    const bus = await world.start([consumer], { check: eventCheck });
    const whole = { campaignId: subject, buildId: subject };
    const tell = (data: object) => world.append(`campaign-${subject}`, 'CampaignBuildCancelled', data);
    await tell({ ...whole, text: 'first' });
    await tell({ ...whole, buildId: 'personal', text: 'broken' });
    await tell({ campaignId: subject, text: 'half' });
    await tell({ ...whole, text: 'last' });
    await world.settled(bus);
    expect(seen).toEqual(['first', 'last']);
    const letters = await deadLettersOf(world, 2);
    expect(letters.map(({ reason: why }) => why)).toEqual([
      '/data/buildId must match format "uuid"',
      "/data must have required property 'buildId'",
    ]);
    expect(letters.every(({ topic, value }) => topic === TOPIC && value.includes(subject))).toBe(true);
  });

  it('puts aside what nobody can read, with its origin, and goes on', async () => {
    const seen: string[] = [];
    const buried: string[] = [];
    const check = ({ data }: OutgoingEvent['event']): string | undefined =>
      typeof (data as { text: unknown }).text === 'string' ? undefined : 'text is missing';
    const bus = await world.bus((delivery) => Promise.resolve(void seen.push(textOf(delivery))), {
      check,
      onDeadLetter: (_, topic, __, why) => buried.push(`${topic}: ${why}`),
    });
    await world.tell('a', 'before');
    await world.settled(bus);
    await world.tell('a', 'newer', { v: 2 });
    await world.append(`campaign-${world.run}a`, 'Told', { text: 5 });
    await world.settled(bus);
    await raw(world, `${world.run}a`, '{"id":');
    await world.tell('a', 'after');
    await world.settled(bus);
    expect(seen).toEqual(['before', 'after']);
    expect(buried).toEqual([
      `${TOPIC}: ${TOLD.replace('v1', 'v2')} is newer than version 1, which is known here`,
      `${TOPIC}: text is missing`,
      `${TOPIC}: it is no JSON in UTF-8`,
    ]);
    const letters = (await deadLettersOf(world, 3)).map(({ reason: why, topic, value }) => ({ why, topic, value }));
    expect(letters.at(-1)).toEqual({ why: 'it is no JSON in UTF-8', topic: TOPIC, value: '{"id":' });
  });

  it('publishes profiles one by one, in their order, with external ids', async () => {
    const seen: { profile: number; type: string; externalId: string }[] = [];
    const names = ['ProfilesEnteredCampaign', 'ProfilesLeftCampaign'] as const;
    const handles = ['muster.audiences.ProfileEnteredCampaign.v1', 'muster.audiences.ProfileLeftCampaign.v1'];
    const consumer = {
      name: world.consumer,
      subscriptions: [{ context: 'audiences', feed: 'profiles' }] as const,
      handles,
      handle: ({ event: { type, data } }: OutgoingEvent) =>
        Promise.resolve(void seen.push({ ...(data as { profile: number; externalId: string }), type })),
    };
    const externalIdsOf = (_: string, numbers: readonly number[]) =>
      Promise.resolve(new Map(numbers.map((number) => [number, `x${String(number)}`])));
    const bus = await world.start([consumer], { externalIds: { externalIdsOf }, transactionMessages: 700 });
    const numbers = Array.from({ length: 1_000 }, (_, i) => i + 1);
    for (let round = 0; round < 6; round++) {
      await world.append(`audience-${world.run}`, 'Set', { name: names[round % 2], numbers });
    }
    await world.settled(bus);
    expect(seen).toHaveLength(6_000);
    const expected = handles.concat(handles, handles);
    const wrong = numbers.filter((number) => {
      const ofProfile = seen.filter(({ profile }) => profile === number);
      return ofProfile.some(({ type, externalId }, i) => type !== expected[i] || externalId !== `x${String(number)}`);
    });
    expect(wrong).toEqual([]);
  });

  it('publishes what comes before an event that cannot be translated', async () => {
    const seen: string[] = [];
    const stopped: string[] = [];
    for (const text of ['1', '2']) await world.tell('a', text);
    await world.tell('a', 'x', { type: 'Broken' });
    await world.bus((delivery) => Promise.resolve(void seen.push(textOf(delivery))), {
      onStopped: (name) => void stopped.push(name),
    });
    await until(() => stopped.length === 1 && seen.length === 2);
    expect([seen, stopped]).toEqual([['1', '2'], ['campaigns.relay-lifecycle']]);
  });

  it('stops a relay at what cannot be translated, and at what is too large to publish, and says so', async () => {
    const stopped: string[] = [];
    const onStopped = (name: string, error: Error): void =>
      void stopped.push(`${name} ${error.name}: ${error.message}`);
    const bus = await world.relays({ onStopped });
    await world.tell('a', 'x', { type: 'Broken' });
    const told = world.run;
    await until(() => stopped.length === 1);
    expect((await bus.status()).find(({ name }) => name === 'campaigns.relay-lifecycle')).toMatchObject({
      state: 'stopped',
      lagEvents: 1,
    });
    await bus.stop();
    await world.fresh();
    await withHugeEvent(world);
    const second = await world.relays({ onStopped });
    await until(() => stopped.length === 2);
    await second.stop();
    expect(stopped).toEqual([
      `campaigns.relay-lifecycle Untranslatable: Broken (campaign-${told}a at revision 0) cannot be translated: cannot be read`,
      expect.stringContaining(`campaigns.relay-lifecycle MessageTooLarge: ${TOLD} campaign-${world.run}a/0/0 takes`),
    ]);
  });

  it.each([
    ['plain', 'plain', 'secret', null],
    ['scram-sha-256', 'scram', 'secret', null],
    ['plain', 'plain', 'wrong', 'refuses KAFKA_USERNAME and KAFKA_PASSWORD'],
    ['scram-sha-256', 'scram', 'wrong', 'refuses KAFKA_USERNAME and KAFKA_PASSWORD'],
    ['scram-sha-512', 'scram', 'secret', 'refuses KAFKA_SASL_MECHANISM: it does not offer that'],
  ] as const)(
    'lets in who is known, and says what is wrong (%s, %s, %s)',
    async (mechanism, username, password, why) => {
      if (!world.kafka.own) {
        process.stdout.write('skipped: the broker of KAFKA_BROKERS knows other users\n');
        return;
      }
      const brokers = world.kafka.forUsers;
      const sasl = { mechanism, username, password } as SASLOptions;
      const bus = await world.bus(() => Promise.resolve(), { connection: { brokers, sasl } });
      await world.tell('a', 'x');
      if (why === null) {
        await world.settled(bus);
        expect(await bus.trouble()).toBeNull();
        return;
      }
      expect(await bus.trouble()).toBe(`Kafka at ${brokers.join()} ${why}`);
      // An operator may put it in order: it goes on trying, and says how far behind it is.
      const relay = (await bus.status()).find(({ name }) => name === 'campaigns.relay-lifecycle');
      expect(relay).toMatchObject({ state: 'running', lagEvents: 1 });
    },
  );
});

/** The store's own limit lies below the topic's: a translation that swells is what it takes. */
async function withHugeEvent(world: BusWorld): Promise<void> {
  await world.tell('a', 'small');
  const [stored] = await firstEvents(world);
  const { position, stream, revision, id, type, metadata } = stored!;
  const swollen = { position, stream, revision, id, type, metadata, data: { text: 'x'.repeat(3_000_000) } };
  const { store } = world;
  world.store = Object.assign(Object.create(store) as typeof store, {
    subscribe: async function* ({ signal }: { signal: AbortSignal }) {
      yield { events: [swollen], scannedTo: position, caughtUp: true };
      await new Promise((done) => signal.addEventListener('abort', done));
    },
  });
}

async function firstEvents(world: BusWorld) {
  const events = [];
  for await (const event of world.store.readAll()) events.push(event);
  return events;
}

async function raw(world: BusWorld, key: string, value: string): Promise<void> {
  const producer = world.client().producer();
  await producer.connect();
  await producer.send({ topic: TOPIC, messages: [{ key, value }] });
  await producer.disconnect();
}

async function deadLettersOf(world: BusWorld, count: number) {
  const letters: { reason: string; topic: string; value: string }[] = [];
  const consumer = world.client().consumer({ groupId: `letters-${world.run}` });
  await consumer.connect();
  await consumer.subscribe({ topics: [DEAD_LETTERS], fromBeginning: true });
  await consumer.run({
    eachMessage: ({ message: { headers, value } }) => {
      const header = (name: string): string => headers?.[name]?.toString() ?? '';
      if (header('muster-consumer') !== world.consumer) return Promise.resolve();
      letters.push({
        reason: header('muster-reason'),
        topic: header('muster-origin-topic'),
        value: value?.toString() ?? '',
      });
      return Promise.resolve();
    },
  });
  await until(() => letters.length >= count);
  await consumer.disconnect();
  return letters;
}
