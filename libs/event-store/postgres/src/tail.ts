import { isUnavailable } from '@muster/postgres';
import { BackOff, categoryOf } from '@muster/event-store';
import { PAGE_BYTES, PAGE_EVENTS, type LogPage, type Pages } from './pages';
import type { NumberedEvent } from './stored-event';
import { WakeUp } from './wake-up';

const POLL_MS = 25;
const RING_EVENTS = 20_000;
const RING_CHARACTERS = 32 * 1024 * 1024;

/**
 * The end of the log, read once for all subscriptions of the process and kept in a bounded ring. It reads only while
 * somebody listens: every 25 ms, and at once after an append of this process.
 */
export class Tail {
  private ring: NumberedEvent[] = [];
  private characters = 0;
  /** The ring holds every event after `floor` up to `head`; `undefined` until the end of the log was found. */
  private bounds: { readonly floor: number; readonly head: number } | undefined;
  private listeners = 0;
  private session: AbortController | undefined;
  private failure: { readonly error: unknown } | undefined;
  private readonly appended = new WakeUp();
  private readonly grown = new WakeUp();

  constructor(private readonly pages: Pages) {}

  /** Reads from now on, until everybody who listened has called the result. */
  listen(): () => void {
    this.listeners++;
    if (!this.session) {
      this.session = new AbortController();
      void this.follow(this.session.signal);
    }
    return () => {
      this.listeners--;
      if (this.listeners > 0) return;
      this.session?.abort();
      this.session = undefined;
      this.failure = undefined;
      this.bounds = undefined;
      this.ring = [];
      this.characters = 0;
    };
  }

  /** Something was appended by this process: look now. */
  signal(): void {
    this.appended.wake();
  }

  /** What follows `after`, if the ring holds all of it; `undefined` where it must be read from the server. */
  after(after: number, categories: ReadonlySet<string> | undefined): LogPage | undefined {
    if (this.failure) throw this.failure.error;
    if (!this.bounds || after < this.bounds.floor) return undefined;
    const events: NumberedEvent[] = [];
    let size = 0;
    let scannedTo = after;
    // Positions have no gaps: the event after `after` stands at this index.
    for (const event of this.ring.slice(after - this.bounds.floor)) {
      if (!categories || categories.has(categoryOf(event.stream))) {
        if (events.length === PAGE_EVENTS || (size > 0 && size + event.size > PAGE_BYTES)) break;
        events.push(event);
        size += event.size;
      }
      scannedTo = event.number;
    }
    return { events, scannedTo, head: Math.max(this.bounds.head, after) };
  }

  /** Resolves when there may be more than `after`, or when `signal` aborts. */
  async growth(after: number, signal: AbortSignal): Promise<void> {
    while (!signal.aborted && !this.failure && (this.bounds?.head ?? 0) <= after) await this.grown.wait(signal);
  }

  private async follow(session: AbortSignal): Promise<void> {
    const backOff = new BackOff();
    const ended = () => session.aborted;
    while (!ended()) {
      try {
        const atEnd = await this.step(session);
        backOff.reset();
        if (atEnd) await this.appended.wait(session, POLL_MS);
      } catch (error) {
        if (ended()) return;
        if (!isUnavailable(error)) {
          this.failure = { error };
          this.grown.wake();
          return;
        }
        await backOff.wait(session);
      }
    }
  }

  /** True when there is nothing more to read for now. */
  private async step(session: AbortSignal): Promise<boolean> {
    const ended = () => session.aborted;
    const head = await this.pages.head();
    if (ended()) return true;
    if (!this.bounds) {
      this.bounds = { floor: head, head };
      this.grown.wake();
      return true;
    }
    if (head <= this.bounds.head) return true;
    const page = await this.pages.after(this.bounds.head, PAGE_EVENTS);
    if (ended()) return true;
    this.add(page);
    return page.scannedTo >= page.head;
  }

  private add(page: LogPage): void {
    this.ring.push(...page.events);
    for (const { size } of page.events) this.characters += size;
    let dropped = 0;
    while (this.ring.length - dropped > RING_EVENTS || this.characters > RING_CHARACTERS) {
      this.characters -= this.ring[dropped]?.size ?? 0;
      dropped++;
    }
    this.ring = dropped > 0 ? this.ring.slice(dropped) : this.ring;
    this.bounds = { floor: page.scannedTo - this.ring.length, head: page.scannedTo };
    this.grown.wake();
  }
}
