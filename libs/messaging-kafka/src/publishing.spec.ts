import { START, type Position } from '@muster/event-store';
import { setImmediate as turn, setTimeout as sleep } from 'node:timers/promises';
import { Publishing, type RelayStep } from './publishing';
import type { Lanes } from './transactional-producer';

/** A producer whose transactions take as long as the test wants, and what became of them. */
class World {
  readonly sent: number[] = [];
  readonly checkpoints: string[] = [];
  readonly steps: RelayStep[] = [];
  published = '';
  private ends: ((error?: Error) => void)[] = [];

  readonly publishing = new Publishing(
    { position: START, epoch: 1 },
    {
      relay: 'campaigns.relay-lifecycle',
      topic: 'campaigns.lifecycle.v1',
      transactionMessages: 100,
      producer: {
        send: async (lanes: Lanes, beforeCommit) => {
          this.sent.push([...lanes.values()].flat().reduce((sum, { count }) => sum + count, 0));
          await new Promise<void>((done, failed) => {
            this.ends.push((error) => {
              if (error) failed(error);
              else done();
            });
          });
          await beforeCommit();
          return new Map();
        },
      },
      storage: {
        move: (_, from, to) => {
          this.checkpoints.push(`${from.position === START ? 'START' : from.position} -> ${to}`);
          return Promise.resolve();
        },
      },
      at: (step) => {
        this.steps.push(step);
        return Promise.resolve();
      },
      onPublished: (upTo) => {
        this.published = upTo;
      },
    },
  );

  /** A batch of the subscription that ends at this position: each event became one message. */
  batch(events: number, to: string, caughtUp: boolean): void {
    this.publishing.add(Array.from({ length: events }, (_, i) => ({ key: Buffer.from(`k${String(i)}`), value: 'x' })));
    this.publishing.scanned(to as Position, caughtUp);
  }

  /** The transaction that is on its way ends. */
  async transactionEnds(error?: Error): Promise<void> {
    this.ends.shift()?.(error);
    await turn();
  }
}

let world: World;
beforeEach(() => {
  world = new World();
});

it('sends at once what comes while nothing is on its way, and then moves the checkpoint', async () => {
  world.batch(1, '1', true);
  await turn();
  expect([world.sent, world.published]).toEqual([[1], '']);
  await world.transactionEnds();
  expect([world.published, world.checkpoints]).toEqual(['1', ['START -> 1']]);
  expect(world.steps).toEqual(['before-send', 'before-commit', 'before-checkpoint', 'after-checkpoint']);
});

it('gathers what comes while a transaction is on its way into one more', async () => {
  world.batch(1, '1', true);
  await turn();
  for (const to of ['2', '3', '4']) world.batch(10, to, true);
  await turn();
  expect(world.sent).toEqual([1]);
  await world.transactionEnds();
  expect(world.sent).toEqual([1, 30]);
  await world.transactionEnds();
  expect(world.checkpoints).toEqual(['START -> 1', '1 -> 4']);
});

it('lets messages wait for others while more is to be had, but not for long', async () => {
  world.batch(10, '1', false);
  await turn();
  expect(world.sent).toEqual([]);
  await sleep(250);
  expect(world.sent).toEqual([10]);
});

it('stores what it has scanned on a quiet log too, so that its lag can be seen from outside', async () => {
  world.batch(1, '1', true);
  await turn();
  await world.transactionEnds();
  world.batch(0, '2', true);
  await turn();
  expect(world.checkpoints).toEqual(['START -> 1']);
  for (let tries = 0; tries < 200 && world.checkpoints.length === 1; tries++) await sleep(20);
  expect([world.checkpoints, world.sent]).toEqual([['START -> 1', '1 -> 2'], [1]]);
  await world.publishing.settled();
});

it('has room again as soon as what was gathered is on its way', async () => {
  world.batch(100, '1', false);
  expect(world.publishing.isFull).toBe(true);
  await world.publishing.room();
  expect([world.publishing.isFull, world.sent]).toEqual([false, [100]]);
  world.batch(100, '2', false);
  let room = false;
  void world.publishing.room().then(() => (room = true));
  await turn();
  expect(room).toBe(false);
  await world.transactionEnds();
  expect([room, world.sent]).toEqual([true, [100, 100]]);
});

it('moves the checkpoint only over stored events that were sent whole', async () => {
  world.publishing.add([{ key: Buffer.from('k'), value: 'first half' }]);
  void world.publishing.room();
  await turn();
  await world.transactionEnds();
  expect([world.sent, world.checkpoints, world.published]).toEqual([[1], [], START]);
  world.publishing.add([{ key: Buffer.from('k'), value: 'second half' }]);
  world.publishing.reached('1' as Position);
  const settled = world.publishing.settled();
  await turn();
  await world.transactionEnds();
  await settled;
  expect([world.sent, world.checkpoints, world.published]).toEqual([[1, 1], ['START -> 1'], '1']);
});

it('moves the checkpoint over an event of which a transaction before held a part', async () => {
  world.batch(1, '1', false);
  world.publishing.add([{ key: Buffer.from('k'), value: 'all of the next' }]);
  void world.publishing.room();
  await turn();
  world.publishing.scanned('2' as Position, true);
  await world.transactionEnds();
  await turn();
  expect([world.sent, world.checkpoints]).toEqual([[2], ['START -> 1', '1 -> 2']]);
});

it('publishes in the end what is whole, and leaves what is not to a later start', async () => {
  world.batch(3, '1', false);
  const settled = world.publishing.settled();
  await turn();
  await world.transactionEnds();
  await settled;
  world.publishing.add([{ key: Buffer.from('k'), value: 'half' }]);
  await world.publishing.settled();
  expect([world.sent, world.checkpoints]).toEqual([[3], ['START -> 1']]);
});

it('says that something could not be sent, and sends nothing after it', async () => {
  world.batch(1, '1', true);
  await turn();
  world.batch(1, '2', true);
  await world.transactionEnds(new Error('refused'));
  expect(world.publishing.failed.aborted).toBe(true);
  await expect(world.publishing.room()).rejects.toThrow('refused');
  await expect(world.publishing.settled()).rejects.toThrow('refused');
  expect([world.sent, world.checkpoints]).toEqual([[1], []]);
});
