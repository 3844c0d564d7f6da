import { START, type Position } from '@muster/event-store';
import { Outbox } from './outbox';
import { partitionOf } from './partition-of';

const message = (key: string, value: string) => ({ key: Buffer.from(key), value });
const many = (count: number, value: string) => Array.from({ length: count }, (_, i) => message(`k${String(i)}`, value));

it('keeps each key in the lane of its partition', () => {
  const outbox = new Outbox(START);
  outbox.add(many(200, 'x'));
  const { lanes, size } = outbox.take();
  const expected = new Map<number, number>();
  for (const { key } of many(200, 'x')) expected.set(partitionOf(key), (expected.get(partitionOf(key)) ?? 0) + 1);
  expect(size).toBe(200);
  expect(new Map([...lanes].map(([partition, [batch]]) => [partition, batch!.count]))).toEqual(expected);
});

it('puts no more than 1,000 records and no more than 900 KiB into a batch, but for one that is larger alone', () => {
  const outbox = new Outbox(START);
  outbox.add(Array.from({ length: 2_500 }, () => message('a', 'x')));
  expect([...outbox.take().lanes.values()].flat().map(({ count }) => count)).toEqual([1_000, 1_000, 500]);
  outbox.add(['x'.repeat(500_000), 'y'.repeat(500_000), 'z'.repeat(1_500_000), 'a'].map((text) => message('a', text)));
  expect([...outbox.take().lanes.values()].flat().map(({ count }) => count)).toEqual([1, 1, 1, 1]);
});

it('says how far it reaches, and whether it ends in the middle of a stored event', () => {
  const outbox = new Outbox(START);
  expect(outbox.broken).toBe(false);
  outbox.add([message('a', 'x')]);
  expect([outbox.broken, outbox.size]).toEqual([true, 1]);
  outbox.reached('7' as Position);
  expect([outbox.broken, outbox.take().upTo]).toEqual([false, '7']);
  expect([outbox.size, outbox.bytes, outbox.take().lanes.size]).toEqual([0, 0, 0]);
});
