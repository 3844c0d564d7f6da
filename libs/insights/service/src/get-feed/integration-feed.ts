import { audiencesTranslation } from '@muster/audiences-events';
import { campaignsTranslation } from '@muster/campaigns-events';
import type { Context, Feed, IntegrationEvent, OutgoingEvent } from '@muster/contracts';
import { categoryOf, idOf, type EventStore, type Position, type StoredEvent } from '@muster/event-store';
import type { ReadBack, Translation } from '@muster/messaging';
import { EVENT_STORE } from '@muster/platform';
import { segmentsTranslation } from '@muster/segments-events';
import { Inject, Injectable } from '@nestjs/common';
import type { FeedPlace } from './feed-place';

export interface FeedFilter {
  readonly contexts: readonly Context[];
  readonly feeds: readonly Feed[];
  /** Absent: every type. */
  readonly types?: readonly string[];
  /** The id of one segment or campaign. */
  readonly subject?: string;
}

/** Where the subscriber is, after an event or after a part of the log that has nothing for it. */
export interface FeedStep {
  readonly place: FeedPlace;
  readonly event?: IntegrationEvent;
  /** The end of the log is reached. */
  readonly caughtUp: boolean;
}

const TRANSLATIONS: readonly Translation[] = [segmentsTranslation, campaignsTranslation, audiencesTranslation];

/** What the services tell on Kafka, the same events with the same ids, made anew from the event store. */
@Injectable()
export class IntegrationFeed {
  constructor(@Inject(EVENT_STORE) private readonly store: EventStore) {}

  /** Goes on from a place and ends with the signal alone. It holds one batch of the store, however slowly it is read. */
  async *follow({ position, n }: FeedPlace, filter: FeedFilter, signal: AbortSignal): AsyncGenerator<FeedStep> {
    if (n !== undefined) yield* this.restOf(position, n, filter);
    const categories = TRANSLATIONS.filter(({ context }) => filter.contexts.includes(context)).flatMap(
      (translation) => translation.categories,
    );
    for await (const batch of this.store.subscribe({ after: position, categories, signal })) {
      for (const stored of batch.events) yield* this.told(stored, 0, filter);
      yield { place: { position: batch.scannedTo }, caughtUp: batch.caughtUp };
    }
  }

  /** Everything that one stored event tells. */
  async translate(stored: StoredEvent): Promise<readonly OutgoingEvent[]> {
    const category = categoryOf(stored.stream);
    const translation = TRANSLATIONS.find(({ categories }) => categories.includes(category));
    return translation ? translation.translate(stored, this.readBack) : [];
  }

  private async *restOf(position: Position, n: number, filter: FeedFilter): AsyncGenerator<FeedStep> {
    for await (const stored of this.store.readAll({ from: position, limit: 1 })) {
      if (stored.position === position) yield* this.told(stored, n, filter);
    }
  }

  private async *told(stored: StoredEvent, from: number, filter: FeedFilter): AsyncGenerator<FeedStep> {
    if (filter.subject !== undefined && idOf(stored.stream) !== filter.subject) return;
    const events = (await this.translate(stored)).filter(
      (outgoing) => outgoing.sourceReference.n >= from && wants(filter, outgoing),
    );
    const { position } = stored;
    for (const [i, { event, sourceReference }] of events.entries()) {
      const isLast = i === events.length - 1;
      yield { event, caughtUp: false, place: isLast ? { position } : { position, n: sourceReference.n + 1 } };
    }
  }

  private readonly readBack: ReadBack = (stream, from, to) =>
    this.store.readStream(stream, { from, limit: Math.max(0, to - from + 1) });
}

function wants({ contexts, feeds, types }: FeedFilter, { context, feed, event }: OutgoingEvent): boolean {
  return contexts.includes(context) && feeds.includes(feed) && (types?.includes(event.type) ?? true);
}
