import { setImmediate as turn } from 'node:timers/promises';

/** How many events the client reads ahead of its reader. */
export const READ_AHEAD_EVENTS = 64;

/** What of a readable stream is used; the client's own types of it do not agree with Node's to the letter. */
interface Source {
  on(event: string, listener: (...args: never[]) => void): unknown;
  removeAllListeners(event: string): unknown;
  read(): unknown;
  resume(): unknown;
}

/**
 * What a call of the client brings, taken by hand. `for await` would hang where the client reports an error before the
 * loop has begun, could not look at the clock, and gives one event at a time. Back-pressure stays: what is not taken is
 * not read.
 */
export class Incoming<T> {
  private failure: { readonly error: unknown } | undefined;
  private over = false;
  private arrived: () => void = () => undefined;

  constructor(
    private readonly stream: Source,
    private readonly cancel: () => Promise<void>,
  ) {
    const settle = () => {
      this.arrived();
    };
    stream.on('readable', settle);
    stream.on('end', () => {
      this.over = true;
      settle();
    });
    stream.on('close', () => {
      this.over = true;
      settle();
    });
    stream.on('error', (error: unknown) => {
      this.failure ??= { error };
      settle();
    });
  }

  /**
   * What there is, at most `max`; waits for the first piece, at most `ms`. `[]` when nothing came or the signal aborted,
   * `undefined` when the server ended the call. Throws what the client reported, after what came before it.
   */
  async take(max: number, ms: number, signal?: AbortSignal): Promise<T[] | undefined> {
    const deadline = performance.now() + ms;
    let taken = this.drain(max);
    // The stream also says that it is readable where there is nothing yet.
    while (taken.length === 0 && !this.isSettled() && !signal?.aborted) {
      const left = deadline - performance.now();
      if (left <= 0) break;
      await this.arrival(left, signal);
      taken = this.drain(max);
    }
    for (let more = taken; more.length > 0 && taken.length < max;) {
      await turn();
      more = this.drain(max - taken.length);
      taken = taken.concat(more);
    }
    if (taken.length > 0) return taken;
    if (this.failure) throw this.failure.error;
    return this.over ? undefined : [];
  }

  /** Tells the server to stop: leaving off alone would keep its call open. */
  close(): void {
    // The call may not have come about at all.
    this.cancel().catch(() => undefined);
    // What is on its way flows off: a call that is not read to its end is never over, and its client waits for it.
    this.stream.removeAllListeners('readable');
    this.stream.resume();
  }

  private isSettled(): boolean {
    return this.over || this.failure !== undefined;
  }

  private drain(max: number): T[] {
    const items: T[] = [];
    while (items.length < max) {
      const item = this.stream.read() as T | null;
      if (item === null) break;
      items.push(item);
    }
    return items;
  }

  private async arrival(ms: number, signal: AbortSignal | undefined): Promise<void> {
    await new Promise<void>((resolve) => {
      const resume = () => {
        clearTimeout(timer);
        signal?.removeEventListener('abort', resume);
        this.arrived = () => undefined;
        resolve();
      };
      const timer = setTimeout(resume, ms);
      signal?.addEventListener('abort', resume);
      this.arrived = resume;
    });
  }
}
