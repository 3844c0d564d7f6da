import { setTimeout as sleep } from 'node:timers/promises';

/** Ownership of keys across all processes: one holds a key at a time, as long as its connection lives. */
export interface Leases {
  /** Null while someone else holds the key. */
  tryAcquire(key: string): Promise<Lease | null>;
}

export interface Lease {
  /** Aborted when the key may have passed to someone else. */
  readonly lost: AbortSignal;
  release(): Promise<void>;
}

export interface OwnedWorkOptions {
  /** What operators call it: given to `onStopped` and `onInterrupted`. */
  readonly name: string;
  readonly key: string;
  readonly leases: Leases;
  /** How often a process that does not own the key tries to. */
  readonly pollMs: number;
  /** Runs while the key is owned, until `signal` aborts. */
  readonly work: (signal: AbortSignal) => Promise<void>;
  /** True for errors after which the work is begun again; after any other it stops until woken. */
  readonly isPassing: (error: unknown) => boolean;
  readonly onStopped: (name: string, error: Error) => void;
  readonly onInterrupted: (name: string, error: Error) => void;
}

const FIRST_PAUSE_MS = 50;
const LONGEST_PAUSE_MS = 5_000;

/** Endless work that one process at a time does: waits to own its key, works, backs off, passes the key on at the end. */
export class OwnedWork {
  private readonly ending = new AbortController();
  private wakeUp = new AbortController();
  private running: Promise<void> | undefined;
  private pauseMs = FIRST_PAUSE_MS;
  private failure: Error | undefined;

  constructor(private readonly options: OwnedWorkOptions) {}

  /** Why it does not go on until someone wakes it. */
  get stoppedBy(): Error | undefined {
    return this.failure;
  }

  get ended(): boolean {
    return this.ending.signal.aborted;
  }

  /** Aborts at the next `wake`. Take it before looking at what there is to do. */
  get woken(): AbortSignal {
    return this.wakeUp.signal;
  }

  start(): void {
    this.running ??= this.run();
  }

  /** Resolves when the work in hand is done. */
  async stop(): Promise<void> {
    this.ending.abort();
    await this.running;
  }

  /** There is something new to look at, or the reason to stop may be gone. */
  wake(): void {
    this.failure = undefined;
    this.wakeUp.abort();
    this.wakeUp = new AbortController();
  }

  /** It gets on: the next pause is short again. */
  progressed(): void {
    this.pauseMs = FIRST_PAUSE_MS;
  }

  private async run(): Promise<void> {
    while (!this.ended) {
      const lease = await this.acquire();
      if (!lease) {
        await pause(this.options.pollMs, this.ending.signal);
        continue;
      }
      try {
        await this.options.work(AbortSignal.any([lease.lost, this.ending.signal]));
      } catch (error) {
        await this.failed(error);
      } finally {
        await lease.release();
      }
      if (this.failure) await aborted(AbortSignal.any([this.ending.signal, this.wakeUp.signal]));
    }
  }

  private async acquire(): Promise<Lease | null> {
    try {
      return await this.options.leases.tryAcquire(this.options.key);
    } catch (error) {
      this.options.onInterrupted(this.options.name, asError(error));
      return null;
    }
  }

  private async failed(error: unknown): Promise<void> {
    if (this.options.isPassing(error)) {
      this.options.onInterrupted(this.options.name, asError(error));
      await pause(this.pauseMs, this.ending.signal);
      this.pauseMs = Math.min(2 * this.pauseMs, LONGEST_PAUSE_MS);
    } else {
      this.failure = asError(error);
      this.options.onStopped(this.options.name, this.failure);
    }
  }
}

/** Resolves after `ms`, or at once when `signal` aborts. */
export async function pause(ms: number, signal: AbortSignal): Promise<void> {
  await sleep(ms, undefined, { signal }).catch(() => undefined);
}

export function asError(error: unknown): Error {
  return error instanceof Error ? error : new Error(String(error));
}

function aborted(signal: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    const done = (): void => {
      resolve();
    };
    if (signal.aborted) done();
    else signal.addEventListener('abort', done, { once: true });
  });
}
