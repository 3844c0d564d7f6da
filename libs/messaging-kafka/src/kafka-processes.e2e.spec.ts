import type { OutgoingEvent } from '@muster/contracts';
import { describeIf } from '@muster/embedded/testing';
import { setTimeout as sleep } from 'node:timers/promises';
import { BusWorld, SESSION_MS } from './bus-world.fixture';
import { effectOnce, effects, effectsByKey, effectsByMember } from './effects.fixture';
import { createKafka, topicOf, type RelayStep } from './index';
import type { Member } from './member.fixture';
import { OffsetReader } from './offsets';
import { kafkaForTests } from './testing';
import { EXTERNAL_IDS, textOf } from './translations.fixture';
import { PATIENCE_MS, until } from './until.fixture';

jest.setTimeout(3 * PATIENCE_MS);

const { available, reason } = kafkaForTests();
const TOPIC = topicOf('campaigns', 'lifecycle');
const RELAY = 'campaigns.relay-lifecycle';
const KEYS = 20;
const TWICE_THE_SESSION_MS = 2 * SESSION_MS;

describeIf(available, reason)('on a real broker, with processes that are killed and stopped', () => {
  let world: BusWorld;
  let told = 0;

  beforeAll(async () => {
    world = await BusWorld.open();
  });
  afterAll(() => world.close());
  beforeEach(async () => {
    await world.fresh();
    await world.shareLog();
    told = 0;
  });
  afterEach(() => world.done());

  /** `count` more events over `KEYS` keys; the text is the event's place in its key. */
  const tell = async (count: number): Promise<void> => {
    for (const end = told + count; told < end; told++) {
      await world.tell(`k${String(told % KEYS)}`, String(Math.floor(told / KEYS)));
    }
  };

  const write = async (delivery: OutgoingEvent): Promise<void> => {
    const source = delivery.sourceReference;
    const key = world.keyOf(delivery);
    await effectOnce(world.pool, { inbox: world.consumer, source, key, text: textOf(delivery), member: 'here' });
  };

  /** Each key's effects are 0, 1, 2 ... up to the last, and nothing else. */
  const expectAllOnceInOrder = async (): Promise<void> => {
    const found = await effectsByKey(world.pool);
    const ofKey = Array.from({ length: told / KEYS }, (_, i) => String(i));
    expect([...found.values()]).toEqual(Array.from({ length: KEYS }, () => ofKey));
  };
  const allHandled = (): Promise<void> => until(async () => (await effects(world.pool)) >= told);

  it('loses and doubles nothing when the process of a relay is killed at each of its steps', async () => {
    const steps: RelayStep[] = ['opened', 'before-send', 'before-commit', 'before-checkpoint', 'after-checkpoint'];
    await world.bus(write, {}, false);
    for (const step of steps) {
      await tell(2 * KEYS);
      const relay = world.member({ relays: true, dieAt: { relay: RELAY, step } });
      await relay.ends();
      expect([step, relay.endedBy]).toEqual([step, 'SIGKILL']);
    }
    await tell(2 * KEYS);
    world.member({ relays: true });
    await allHandled();
    await tell(KEYS);
    await allHandled();
    await expectAllOnceInOrder();
  });

  it('is refused what a relay wants to commit that was stopped while another took over', async () => {
    await world.bus(write, {}, false);
    const stopped = world.member({ relays: true, holdAt: { relay: RELAY, step: 'before-commit' } });
    await tell(2 * KEYS);
    await stopped.hasSaid('holding');
    stopped.stop();
    // Nobody takes over what a stopped process holds before Postgres ends its connection.
    await world.pool.query('SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE application_name = $1', [
      stopped.options.name,
    ]);
    world.member({ relays: true });
    await tell(2 * KEYS);
    await allHandled();
    await sleep(TWICE_THE_SESSION_MS);
    const before = await endOf(world);
    stopped.wake();
    await stopped.hasSaid('gone on');
    await stopped.hasSaid('interrupted');
    expect(await endOf(world)).toBe(before);
    await tell(KEYS);
    await allHandled();
    await expectAllOnceInOrder();
  });

  it('is refused the effect and the offsets of a consumer that was stopped for twice its session time-out', async () => {
    await world.relays();
    const consumer = world.consumer;
    const stopped = world.member({ consumer, holdAt: { text: '2' } });
    await tell(5 * KEYS);
    await stopped.hasSaid('holding');
    stopped.stop();
    await sleep(TWICE_THE_SESSION_MS);
    world.member({ consumer });
    await allHandled();
    const offsets = new OffsetReader(world.client());
    const reached = async (): Promise<number> => sum((await offsets.committed(consumer, TOPIC)).values());
    const before = await reached();
    stopped.wake();
    const saidSince = () => stopped.said.slice(stopped.said.findLastIndex(({ kind }) => kind === 'gone on'));
    await stopped.hasSaid('gone on');
    await until(() => saidSince().some(({ kind }) => kind === 'effect'));
    expect(saidSince().filter((what) => what.kind === 'effect' && what.first)).toEqual([]);
    for (let i = 0; i < 10; i++) {
      expect(await reached()).toBeGreaterThanOrEqual(before);
      await sleep(100);
    }
    await offsets.close();
    await tell(2 * KEYS);
    await allHandled();
    await expectAllOnceInOrder();
  });

  it('spreads the work over three processes, and loses and doubles nothing when one of them is killed', async () => {
    await world.relays();
    const consumer = world.consumer;
    const members = [0, 1, 2].map(() => world.member({ consumer }));
    await Promise.all(members.map((member) => member.hasSaid('started')));
    // Until everyone has a share of the partitions.
    await until(async () => {
      await tell(KEYS);
      return (await effectsByMember(world.pool)).size === members.length;
    });
    const telling = tell(50 * KEYS);
    await until(() => members[1]!.said.filter(({ kind }) => kind === 'effect').length > 3 * KEYS);
    await members[1]!.kill();
    await telling;
    await allHandled();
    await expectAllOnceInOrder();
    const byMember = await effectsByMember(world.pool);
    expect([...byMember.keys()].sort()).toEqual(members.map(({ options }) => options.name));
  });

  it('keeps the order of each profile though relays are killed and the broker is restarted', async () => {
    const numbers = Array.from({ length: 60 }, (_, i) => i + 1);
    const types = ['muster.audiences.ProfileEnteredCampaign.v1', 'muster.audiences.ProfileLeftCampaign.v1'];
    const consumer = {
      name: world.consumer,
      subscriptions: [{ context: 'audiences', feed: 'profiles' }] as const,
      handles: types,
      handle: async ({ key, event: { type, data }, sourceReference: source }: OutgoingEvent) => {
        const { externalId } = data as { externalId: string };
        // One source event has many keys, which are delivered side by side: each has an inbox of its own.
        const inbox = `${world.consumer} ${key}`;
        await effectOnce(world.pool, { inbox, source, key: externalId, text: type, member: 'here' });
      },
    };
    const bus = await world.start([consumer], { externalIds: EXTERNAL_IDS }, false);
    const rounds = 12;
    const relay = (): Member => world.member({ relays: true, transactionMessages: 50 });
    let publishing = relay();
    for (let round = 0; round < rounds; round++) {
      const name = round % 2 === 0 ? 'ProfilesEnteredCampaign' : 'ProfilesLeftCampaign';
      await world.append(`audience-${world.run}`, 'Set', { name, numbers });
      if (round % 4 === 2) {
        await until(async () => (await effects(world.pool)) > round * 10);
        await publishing.kill();
        publishing = relay();
      }
      if (round === 5 && world.kafka.own) {
        await world.kafka.kill();
        await world.kafka.start();
      }
    }
    await until(async () => (await effects(world.pool)) >= rounds * numbers.length);
    await bus.stop();
    const ofProfile = Array.from({ length: rounds }, (_, round) => types[round % 2]!);
    const found = await effectsByKey(world.pool);
    expect(found.size).toBe(numbers.length);
    expect([...found].filter(([, texts]) => texts.join() !== ofProfile.join())).toEqual([]);
  });
});

/** The sum of the ends of all partitions: any record, also of an aborted transaction, moves it. */
async function endOf(world: BusWorld): Promise<number> {
  const admin = createKafka({ brokers: world.kafka.brokers }).admin();
  await admin.connect();
  try {
    return sum((await admin.fetchTopicOffsets(TOPIC)).map(({ high }) => BigInt(high)));
  } finally {
    await admin.disconnect();
  }
}

function sum(offsets: Iterable<bigint>): number {
  return Number([...offsets].reduce((all, offset) => all + offset, 0n));
}
