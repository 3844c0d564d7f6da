import type { OutgoingEvent } from '@muster/contracts';
import { describeIf } from '@muster/embedded/testing';
import { BusWorld } from './bus-world.fixture';
import { textOf, TOLD } from './translations.fixture';
import { PATIENCE_MS, until } from './until.fixture';
import { DeadLetterBox, topicOf, type FoundLetter, type KafkaBusOptions } from './index';
import { kafkaForTests } from './testing';

jest.setTimeout(3 * PATIENCE_MS);

const { available, reason } = kafkaForTests();

describeIf(available, reason)('what a consumer could not read', () => {
  let world: BusWorld;
  let box: DeadLetterBox;
  let letters: string[];

  beforeAll(async () => {
    world = await BusWorld.open();
  });
  afterAll(() => world.close());
  beforeEach(async () => {
    await world.fresh();
    box = new DeadLetterBox(world.client());
    letters = [];
  });
  afterEach(() => world.done());

  const subscriptions = [{ context: 'campaigns', feed: 'lifecycle' }] as const;
  const options: Partial<KafkaBusOptions> = {
    onDeadLetter: (consumer, topic, offset, why) => letters.push(`${consumer} ${topic} ${offset} ${why}`),
  };
  /** Two consumers, one of which finds texts with `wrong` in them broken as long as it is told to. */
  async function twoConsumers(check: KafkaBusOptions['check']) {
    const seen = { strict: [] as string[], other: [] as string[] };
    const consumer = (name: 'strict' | 'other') => ({
      name: `${world.consumer}-${name}`,
      subscriptions,
      handles: [TOLD],
      handle: (delivery: OutgoingEvent) => {
        seen[name].push(textOf(delivery));
        return Promise.resolve();
      },
    });
    const strict = await world.start([consumer('strict')], { ...options, ...(check && { check }) });
    const other = await world.start([consumer('other')], options, false);
    const settled = async () => {
      await world.settled(strict);
      await world.settled(other);
    };
    return { seen, settled, name: `${world.consumer}-strict` };
  }
  const ofRun = (found: readonly FoundLetter[]) => found.filter(({ consumer }) => consumer.startsWith(world.consumer));

  it('is listed with where it lay, and published again for that consumer alone', async () => {
    let broken = true;
    const textIn = (event: { data: unknown }) => (event.data as { text: string }).text;
    const { seen, settled, name } = await twoConsumers((event) =>
      broken && textIn(event) === 'wrong' ? 'its text is wrong' : undefined,
    );
    await world.tell('a', 'before');
    await world.tell('a', 'wrong');
    await world.tell('a', 'after');
    await settled();
    expect(seen).toEqual({ strict: ['before', 'after'], other: ['before', 'wrong', 'after'] });
    const [letter, ...more] = ofRun(await box.letters());
    expect(more).toEqual([]);
    expect(letter).toMatchObject({
      consumer: name,
      reason: 'its text is wrong',
      topic: topicOf('campaigns', 'lifecycle'),
    });
    expect(letter!.outcome).toBeUndefined();

    broken = false;
    await box.retry(letter!);
    await until(() => seen.strict.length === 3);
    await world.tell('a', 'last');
    await settled();
    expect(seen).toEqual({
      strict: ['before', 'after', 'wrong', 'last'],
      other: ['before', 'wrong', 'after', 'last'],
    });
    expect(ofRun(await box.letters()).map(({ outcome }) => outcome)).toEqual(['retried']);
  });

  it('is a new letter where it still cannot be read, and is done with when it is dropped', async () => {
    const { settled, seen } = await twoConsumers(({ subject }) =>
      subject.startsWith(world.run) ? 'nothing is right' : undefined,
    );
    await world.tell('a', 'one');
    await settled();
    const [letter] = ofRun(await box.letters());
    await box.retry(letter!);
    await until(() => letters.length === 2);
    const [first, second] = ofRun(await box.letters());
    expect([first!.outcome, second!.outcome]).toEqual(['retried', undefined]);
    expect(second!.message.value).toEqual(first!.message.value);
    await box.drop(second!);
    expect(ofRun(await box.letters()).map(({ outcome }) => outcome)).toEqual(['retried', 'dropped']);
    expect(seen).toEqual({ strict: [], other: ['one'] });
  });

  it('leaves no group behind', async () => {
    await box.letters();
    const admin = world.client().admin();
    await admin.connect();
    const { groups } = await admin.listGroups();
    await admin.disconnect();
    expect(groups.filter(({ groupId }) => groupId.startsWith('muster-ops'))).toEqual([]);
  });
});
