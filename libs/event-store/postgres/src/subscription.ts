import { BackOff } from '@muster/event-store';
import type { SubscribeOptions, SubscriptionBatch } from '@muster/event-store';
import { isUnavailable } from '@muster/postgres';
import { PAGE_EVENTS, type LogPage, type Pages } from './pages';
import { fromPosition, toPosition } from './position';
import type { Tail } from './tail';

/** Follows the log: from the shared tail where that reaches back far enough, by pages of its own where it does not. */
export async function* subscription(
  pages: Pages,
  tail: Tail,
  { after, categories }: Pick<SubscribeOptions, 'after' | 'categories'>,
  signal: AbortSignal,
): AsyncGenerator<SubscriptionBatch, void, undefined> {
  const wanted = categories && new Set(categories);
  let at = fromPosition(after);
  let told = false;
  const ended = () => signal.aborted;
  const stopListening = tail.listen();
  try {
    while (!ended()) {
      // The first page is always the server's own: it also shows whether the log reaches that far at all.
      const page = (told ? tail.after(at, wanted) : undefined) ?? (await ownPage(pages, at, categories, signal));
      if (!page || ended()) return;
      if (at > page.head)
        throw new RangeError(
          `the log ends at ${String(page.head)}, before position ${String(at)}: it is not the log that was followed`,
        );
      if (page.scannedTo > at || !told) {
        told = true;
        at = page.scannedTo;
        yield { events: page.events, scannedTo: toPosition(at), caughtUp: at >= page.head };
      } else {
        await tail.growth(at, signal);
      }
    }
  } finally {
    stopListening();
  }
}

/** Waits while the server is away. `undefined` when the subscription was ended meanwhile. */
async function ownPage(
  pages: Pages,
  after: number,
  categories: readonly string[] | undefined,
  signal: AbortSignal,
): Promise<LogPage | undefined> {
  const backOff = new BackOff();
  while (!signal.aborted) {
    try {
      return await pages.after(after, PAGE_EVENTS, categories);
    } catch (error) {
      if (!isUnavailable(error)) throw error;
      await backOff.wait(signal);
    }
  }
  return undefined;
}
