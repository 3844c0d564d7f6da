import { reported } from './report';

const figure = { name: 'a', unit: 'ms', value: 120, floor: 100, ratio: 1.2 };

it('a goal is held by the ratio, and by the value where there is no floor', () => {
  expect(reported({ ...figure, must: 1.2 }).met).toBe(true);
  expect(reported({ ...figure, must: 1.1 }).met).toBe(false);
  expect(reported({ name: 'a', unit: 'MB', value: 512, must: 512 }).met).toBe(true);
  expect(reported({ name: 'a', unit: 'MB', value: 513, must: 512 }).met).toBe(false);
});

it('more is better where the figure says so', () => {
  expect(reported({ ...figure, must: 1.5, higherIsBetter: true }).met).toBe(false);
  expect(reported({ ...figure, must: 1, higherIsBetter: true }).met).toBe(true);
});

it('without a goal nothing is met or missed', () => {
  expect(reported(figure)).toEqual({ ...figure, must: null, aim: null, met: null });
});
