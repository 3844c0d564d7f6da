import {
  streamNameFilter,
  type AllStreamResolvedEvent,
  type AllStreamSubscription,
  type Filter,
} from '@eventstore/db-client';
import {
  BackOff,
  StoreUnavailable,
  isBefore,
  type Position,
  type StoredEvent,
  type SubscribeOptions,
  type SubscriptionBatch,
} from '@muster/event-store';
import type { Connections } from './connections';
import { Silence, isAway } from './errors';
import { Incoming, READ_AHEAD_EVENTS } from './incoming';
import { fromPosition, toPosition, type LogPosition } from './position';
import { isOfServer, toStoredEvent, type Reads } from './reads';
import type { Scans } from './scan';

const BATCH_EVENTS = 200;
/** A subscription that hears nothing for so long looks for itself how far the log goes. */
const QUIET_MS = 100;
/** The server looks through so many events before it says how far it is. */
const SEARCH_WINDOW_EVENTS = 500;

/** What the client tells beside events, put between them where it belongs. */
type Told = { readonly kind: 'checkpoint'; readonly at: LogPosition } | { readonly kind: 'caughtUp' | 'fellBehind' };
type CheckpointReached = (subscription: AllStreamSubscription, at: LogPosition) => void;
type Item = Told | (AllStreamResolvedEvent & { readonly kind?: undefined });

export interface Followed {
  readonly connections: Connections;
  readonly reads: Reads;
  readonly scans: Scans;
  /** A subscription that keeps back an event that is in the log for so long is made anew. */
  readonly silenceMs: number;
}

/** Follows the log and never ends by itself: whatever ends the server's subscription, another goes on from there. */
export async function* subscription(
  log: Followed,
  { after, categories }: Pick<SubscribeOptions, 'after' | 'categories'>,
  signal: AbortSignal,
): AsyncGenerator<SubscriptionBatch, void, undefined> {
  const wanted = new Wanted(categories);
  const backOff = new BackOff();
  let at = after;
  const ended = () => signal.aborted;
  while (!ended()) {
    try {
      for await (const batch of oneSubscription(log, at, wanted, signal)) {
        if (ended()) return;
        at = batch.scannedTo;
        if (batch.events.length > 0) backOff.reset();
        yield batch;
      }
    } catch (error) {
      if (!ended() && !isAway(error) && !(error instanceof StoreUnavailable)) throw error;
    }
    await backOff.wait(signal);
  }
}

/** Until the server ends it, or the signal does. Throws what the client reports. */
async function* oneSubscription(
  log: Followed,
  after: Position,
  wanted: Wanted,
  signal: AbortSignal,
): AsyncGenerator<SubscriptionBatch, void, undefined> {
  const { connections, scans, silenceMs } = log;
  const fromLog = fromPosition(after);
  if (!(await scans.reaches(after))) {
    throw new RangeError(`the log ends before position ${after}: it is not the log that was followed`);
  }
  const { client, release } = connections.forSubscription();
  const feed = withWhatIsTold((checkpointReached) =>
    client.subscribeToAll(
      { fromPosition: fromLog, filter: wanted.filter(checkpointReached), credentials: connections.credentials },
      { highWaterMark: READ_AHEAD_EVENTS },
    ),
  );
  const incoming = new Incoming<Item>(feed, () => feed.unsubscribe());
  const progress = new Progress(after, scans, wanted, silenceMs);
  const ended = () => signal.aborted;
  try {
    while (!ended()) {
      const items = await incoming.take(BATCH_EVENTS, QUIET_MS, signal);
      if (ended() || !items) return;
      const batch = await progress.with(items);
      if (ended()) return;
      if (batch) yield batch;
    }
  } finally {
    incoming.close();
    release();
  }
}

/** How far one subscription of the server has come. */
class Progress {
  private isLive = false;
  private heardAt = performance.now();

  constructor(
    private at: Position,
    private readonly scans: Scans,
    private readonly wanted: Wanted,
    private readonly silenceMs: number,
  ) {}

  /** What there is to say after these items, which are none where the subscription is quiet. */
  async with(items: readonly Item[]): Promise<SubscriptionBatch | undefined> {
    const { at: before, isLive: wasLive } = this;
    const events: StoredEvent[] = [];
    for (const item of items) await this.note(item, events);
    if (events.length === 0 && (items.length === 0 || this.isLive !== wasLive)) await this.look();
    else this.heardAt = performance.now();
    const hasNews = isBefore(before, this.at) || (this.isLive && !wasLive);
    return hasNews ? { events, scannedTo: this.at, caughtUp: this.isLive } : undefined;
  }

  private async note(item: Item, events: StoredEvent[]): Promise<void> {
    if (item.kind === 'checkpoint') {
      const checkpoint = toPosition(item.at);
      if (isBefore(this.at, checkpoint)) this.at = await this.scans.atMostHead(checkpoint);
    } else if (item.kind !== undefined) {
      this.isLive = item.kind === 'caughtUp';
    } else {
      if (!item.event) return;
      const event = toStoredEvent(item.event);
      if (!isBefore(this.at, event.position)) return;
      events.push(event);
      this.at = event.position;
    }
  }

  /** Looks for itself how far the log goes. Throws where an event is kept back for too long. */
  private async look(): Promise<void> {
    const { to, next } = await this.scans.beyond(this.at, this.wanted.includes);
    this.at = to;
    if (next === 'end') this.isLive = true;
    if (next !== 'pending') this.heardAt = performance.now();
    else if (performance.now() - this.heardAt > this.silenceMs) throw new Silence(this.silenceMs);
  }
}

/** The client calls back beside the stream of events; put into the stream, the calls keep their place in it. */
function withWhatIsTold(
  subscribe: (checkpointReached: CheckpointReached) => AllStreamSubscription,
): AllStreamSubscription {
  // An error that is thrown in a call back stalls the subscription without a word: these only push.
  const feed = subscribe((stream, at) => {
    stream.push({ kind: 'checkpoint', at } satisfies Told);
  });
  for (const kind of ['caughtUp', 'fellBehind'] as const) {
    feed.on(kind, () => {
      feed.push({ kind } satisfies Told);
    });
  }
  return feed;
}

/** Which streams a subscription is about, for the server and for us. */
class Wanted {
  private readonly prefixes: readonly string[] | undefined;

  constructor(categories: readonly string[] | undefined) {
    this.prefixes = categories?.map((category) => `${category}-`);
  }

  filter(checkpointReached: CheckpointReached): Filter {
    const common = { maxSearchWindow: SEARCH_WINDOW_EVENTS, checkpointReached };
    if (this.prefixes && this.prefixes.length > 0) return streamNameFilter({ ...common, prefixes: [...this.prefixes] });
    // Checkpoints come with filters only, so what is not filtered leaves out the server's own streams.
    return streamNameFilter({ ...common, regex: this.prefixes ? '^$' : '^[^$]' });
  }

  readonly includes = ({ stream }: StoredEvent): boolean =>
    this.prefixes ? this.prefixes.some((prefix) => stream.startsWith(prefix)) : !isOfServer(stream);
}
