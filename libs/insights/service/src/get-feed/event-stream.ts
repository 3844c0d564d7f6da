import type { FeedPlace } from './feed-place';
import type { FeedStep } from './integration-feed';

export interface EventStreamOptions {
  readonly cursorOf: (place: FeedPlace) => string;
  /** After so long without an event the client is told that the stream is alive, and how far it is. */
  readonly quietMs?: number;
}

const QUIET_MS = 15_000;
/** How long a client waits before it connects again. */
const RETRY_MS = 2_000;

/**
 * A feed as server-sent events: the `id` of each is the cursor behind it, which clients send back as `Last-Event-ID`.
 * An id without data moves a client on over what is not for it. Nothing is made before it is asked for, so a slow client
 * holds up nothing but itself.
 */
export async function* eventStream(
  steps: AsyncIterable<FeedStep>,
  { cursorOf, quietMs = QUIET_MS }: EventStreamOptions,
): AsyncGenerator<string> {
  yield `retry: ${String(RETRY_MS)}\n\n`;
  const iterator = steps[Symbol.asyncIterator]();
  let [at, wasCaughtUp] = ['', false];
  let quietAt = performance.now() + quietMs;
  try {
    let next = iterator.next();
    for (;;) {
      let frame: string | undefined;
      const step = await nextOrQuiet(next, quietAt - performance.now());
      if (step !== 'quiet') {
        if (step.done === true) return;
        const { place, event, caughtUp } = step.value;
        at = `id: ${cursorOf(place)}\n`;
        if (event) frame = `${at}data: ${JSON.stringify(event)}\n\n`;
        else if (caughtUp && !wasCaughtUp) frame = `${at}event: caught-up\ndata: {}\n\n`;
        wasCaughtUp ||= caughtUp;
      }
      if (frame !== undefined || performance.now() >= quietAt) {
        yield frame ?? `: quiet\n${at}\n`;
        quietAt = performance.now() + quietMs;
      }
      if (step !== 'quiet') next = iterator.next();
    }
  } finally {
    await iterator.return?.();
  }
}

/** By hand: a race with a pause that is then ended costs more than the event itself. */
function nextOrQuiet<T>(next: Promise<T>, ms: number): Promise<T | 'quiet'> {
  return new Promise((resolve, reject) => {
    const timer = setTimeout(() => resolve('quiet'), Math.max(0, ms));
    next.then(resolve, reject).finally(() => clearTimeout(timer));
  });
}
