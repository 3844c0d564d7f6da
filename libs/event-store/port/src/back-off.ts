import { setTimeout as sleep } from 'node:timers/promises';

const FIRST_MS = 50;
const LAST_MS = 1_000;

/** Waits twice as long each time, up to a second: a server that is back is found soon. */
export class BackOff {
  private next = FIRST_MS;

  reset(): void {
    this.next = FIRST_MS;
  }

  async wait(signal: AbortSignal): Promise<void> {
    const ms = this.next;
    this.next = Math.min(ms * 2, LAST_MS);
    await sleep(ms, undefined, { signal }).catch(() => undefined);
  }
}
