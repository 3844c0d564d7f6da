import { setTimeout as sleep } from 'node:timers/promises';

/** A busy machine is no reason to fail. */
export const PATIENCE_MS = 60_000;

/** `seen` is told where it does not come to that. */
export async function until(
  holds: () => Promise<boolean> | boolean,
  seen?: () => unknown,
  withinMs = PATIENCE_MS,
): Promise<void> {
  const deadline = performance.now() + withinMs;
  while (!(await holds())) {
    if (performance.now() > deadline) throw new Error(`it did not come to that in time: ${JSON.stringify(seen?.())}`);
    await sleep(10);
  }
}
