import type { OutgoingEvent } from '@muster/contracts';
import { describeIf } from '@muster/embedded/testing';
import { setTimeout as sleep } from 'node:timers/promises';
import { BusWorld } from './bus-world.fixture';
import { effectOnce, effects, effectsByKey } from './effects.fixture';
import { kafkaForTests } from './testing';
import { textOf } from './translations.fixture';
import { PATIENCE_MS, until } from './until.fixture';

/** `npm run soak -- kafka-outage` takes five minutes. */
const OUTAGE_MS = 1_000 * Number(process.env['OUTAGE_SECONDS'] ?? 3);
const COMMANDS_A_SECOND = 100;
const KEYS = 200;
const TICK_MS = 50;

jest.setTimeout(3 * PATIENCE_MS + 5 * OUTAGE_MS);

const { available, reason } = kafkaForTests();

describeIf(available, reason)('while Kafka is away', () => {
  let world: BusWorld;
  let told = 0;

  beforeAll(async () => {
    world = await BusWorld.open();
    await world.fresh();
    await world.shareLog();
  });
  afterAll(async () => {
    await world.done();
    await world.close();
  });

  const write = async (delivery: OutgoingEvent): Promise<void> => {
    const [source, key, text] = [delivery.sourceReference, world.keyOf(delivery), textOf(delivery)];
    await effectOnce(world.pool, { inbox: world.consumer, source, key, text, member: 'here' });
  };
  const lag = async (): Promise<number> => told - (await effects(world.pool));

  /** Commands, each an append of its own, until the signal; the text is the event's place in its key. */
  const command = async (signal: AbortSignal): Promise<void> => {
    const started = performance.now();
    const before = told;
    while (!signal.aborted) {
      const due = before + Math.floor(((performance.now() - started) * COMMANDS_A_SECOND) / 1_000);
      for (; told < due; told++) await world.tell(`k${String(told % KEYS)}`, String(Math.floor(told / KEYS)));
      await sleep(TICK_MS);
    }
  };

  it('takes commands, says how far behind it is, and catches up with nothing lost or doubled', async () => {
    if (!world.kafka.own) {
      process.stdout.write('skipped: the broker of KAFKA_BROKERS is not ours to kill\n');
      return;
    }
    const bus = await world.bus(write);
    const ended = new AbortController();
    const commanding = command(ended.signal);
    await until(async () => (await effects(world.pool)) > COMMANDS_A_SECOND);
    await world.kafka.kill();
    const toldBefore = told;
    await sleep(OUTAGE_MS);
    expect(told - toldBefore).toBeGreaterThan(0);
    const relay = (await bus.status()).find(({ name }) => name === 'campaigns.relay-lifecycle');
    expect([relay?.state, (relay?.lagEvents ?? 0) > 0]).toEqual(['running', true]);
    await world.kafka.start();
    const back = performance.now();
    const highest = await lag();
    // A short outage is no measure: joining a group again alone takes seconds.
    const within = Math.max(2 * OUTAGE_MS, PATIENCE_MS);
    await until(async () => (await lag()) < COMMANDS_A_SECOND, undefined, within);
    const drainMs = performance.now() - back;
    ended.abort();
    await commanding;
    await world.settled(bus);
    const found = await effectsByKey(world.pool);
    const all = [...found.values()].flatMap((texts) => texts.map((text, i) => Number(text) === i));
    expect([all.length, all.includes(false)]).toEqual([told, false]);
    process.stdout.write(
      `Kafka away for ${seconds(OUTAGE_MS)} at ${String(COMMANDS_A_SECOND)} commands a second: ${String(told)} commands, ` +
        `${String(highest)} behind at the most, caught up ${seconds(drainMs)} after it was back, 0 lost, 0 doubled\n`,
    );
  });
});

function seconds(ms: number): string {
  return `${(ms / 1_000).toFixed(1)} s`;
}
