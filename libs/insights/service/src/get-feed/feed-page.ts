import type { IntegrationEvent } from '@muster/contracts';
import type { FeedPlace } from './feed-place';
import type { FeedFilter, FeedStep, IntegrationFeed } from './integration-feed';
import { PageRoom } from './page-room';

export interface FeedPage {
  readonly items: readonly IntegrationEvent[];
  readonly place: FeedPlace;
  readonly caughtUp: boolean;
}

export interface FeedPageOptions {
  readonly limit: number;
  /** How long to wait where there is nothing yet; 0: not at all. */
  readonly waitMs: number;
  /** Ends the wait: the process stops, or nobody listens any more. */
  readonly signal: AbortSignal;
  readonly maxBytes?: number;
}

/** Without waiting, a page in which hardly anything passes the filter ends after so long, and the next one goes on. */
const SCAN_MS = 5_000;

/** One page from a place on: full, or up to the end of the log, or empty after the wait. */
export async function feedPage(
  feed: Pick<IntegrationFeed, 'follow'>,
  from: FeedPlace,
  filter: FeedFilter,
  { limit, waitMs, signal, maxBytes }: FeedPageOptions,
): Promise<FeedPage> {
  const room = new PageRoom(limit, maxBytes);
  const items: IntegrationEvent[] = [];
  const isDone = ({ caughtUp }: FeedStep): boolean => caughtUp && (items.length > 0 || waitMs === 0);
  const over = AbortSignal.any([signal, AbortSignal.timeout(waitMs === 0 ? SCAN_MS : waitMs)]);
  let at: FeedStep = { place: from, caughtUp: false };
  try {
    for await (const step of feed.follow(from, filter, over)) {
      if (step.event) {
        if (!room.take(step.event)) break;
        items.push(step.event);
      }
      at = step;
      if (room.isFull || isDone(step)) break;
    }
  } catch (error) {
    // What comes before an event that cannot be told is told all the same; the next page begins with that event.
    if (items.length === 0) throw error;
  }
  return { items, place: at.place, caughtUp: at.caughtUp };
}
