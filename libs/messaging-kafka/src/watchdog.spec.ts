import { setTimeout as sleep } from 'node:timers/promises';
import { Watchdog } from './watchdog';

const STALL_MS = 100;

async function looks(lags: number[], between: (watchdog: Watchdog) => void = () => undefined): Promise<number[]> {
  const watchdog = new Watchdog(STALL_MS, () => Promise.resolve(lags.shift() ?? 0));
  const alarms: number[] = [];
  for (let i = lags.length; i > 0; i--) {
    await sleep(40);
    between(watchdog);
    const alarm = await watchdog.look();
    if (alarm !== undefined) alarms.push(alarm);
  }
  return alarms;
}

it('barks where the lag grows and nothing moves', async () => {
  expect(await looks([1, 2, 3, 4, 5])).toEqual([expect.any(Number)]);
});

it('is quiet where nothing comes in, and where something moves', async () => {
  expect(await looks([5, 5, 5, 5, 5])).toEqual([]);
  expect(
    await looks([1, 2, 3, 4, 5], (watchdog) => {
      watchdog.moved();
    }),
  ).toEqual([]);
});
