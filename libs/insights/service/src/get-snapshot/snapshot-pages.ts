import type { Context, IntegrationEvent, SnapshotDocument } from '@muster/contracts';
import { START, type EventStore } from '@muster/event-store';
import { DomainError, type Clock } from '@muster/kernel';
import { CLOCK, cursorInvalid, EVENT_STORE, InjectProjections, pageCursor } from '@muster/platform';
import type { Projections } from '@muster/projections';
import { Inject, Injectable } from '@nestjs/common';
import { feedCursor, positionInLog } from '../get-feed/feed-place';
import { PageRoom } from '../get-feed/page-room';
import { AudienceSnapshots } from './audience-snapshots';
import { CampaignSnapshots } from './campaign-snapshots';
import { SegmentSnapshots } from './segment-snapshots';
import { HEAD, itemsOf, type SnapshotItem, type SnapshotMoment, type SnapshotPlace } from './snapshot-items';

export interface SnapshotPage {
  readonly items: readonly (SnapshotDocument | IntegrationEvent)[];
  /** `null` at the end ... */
  readonly nextCursor: string | null;
  /** ... and this, from where the feed leads on, `null` before it. */
  readonly feedCursor: string | null;
  readonly position: string;
}

export interface SnapshotFilter {
  readonly contexts: readonly Context[];
  readonly subject?: string;
}

/** Where the page before ended. */
type Ended = SnapshotPlace & { readonly context: Context };

const MODELS = ['segments', 'campaigns', 'audiences'];
const WAIT_MS = 2_000;
const UUID = /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/;

/** The state of everything as of one position of the log, which the first page chooses, page by page. */
@Injectable()
export class SnapshotPages {
  private readonly sources: readonly {
    readonly context: Context;
    readonly items: (moment: SnapshotMoment, after: SnapshotPlace | null) => AsyncIterable<SnapshotItem>;
  }[];

  constructor(
    @Inject(EVENT_STORE) private readonly store: EventStore,
    @Inject(CLOCK) private readonly clock: Clock,
    @InjectProjections('insights') private readonly projections: Projections,
    segments: SegmentSnapshots,
    campaigns: CampaignSnapshots,
    audiences: AudienceSnapshots,
  ) {
    this.sources = [
      { context: segments.context, items: (moment, after) => itemsOf(segments, moment, after) },
      { context: campaigns.context, items: (moment, after) => itemsOf(campaigns, moment, after) },
      { context: audiences.context, items: (moment, after) => itemsOf(audiences, moment, after) },
    ];
  }

  /** Throws `READ_MODEL_BEHIND`, and for the cursor what `placeOfCursor` of the feed throws. */
  async page({ contexts, subject }: SnapshotFilter, limit: number, cursor?: string): Promise<SnapshotPage> {
    const { after, ...at } = cursor === undefined ? await this.begin() : await this.resume(cursor);
    const moment: SnapshotMoment = { ...at, ...(subject !== undefined && { subject }) };
    const room = new PageRoom(limit);
    const items: SnapshotPage['items'][number][] = [];
    let ended = after;
    for await (const { item, ...place } of this.itemsAfter(moment, contexts, after)) {
      if (!room.take(item)) return this.pageOf(items, moment, ended);
      items.push(item);
      ended = place;
    }
    return this.pageOf(items, moment, null);
  }

  private async *itemsAfter(
    moment: SnapshotMoment,
    contexts: readonly Context[],
    after: Ended | null,
  ): AsyncGenerator<SnapshotItem & { readonly context: Context }> {
    // Before the first event there may be no read models either.
    if (moment.position === START) return;
    const first = this.sources.findIndex(({ context }) => context === after?.context);
    for (const [i, { context, items }] of this.sources.entries()) {
      if (i < first || !contexts.includes(context)) continue;
      for await (const one of items(moment, i === first ? after : null)) yield { context, ...one };
    }
  }

  /** As of now: the read models have to be there. */
  private async begin(): Promise<SnapshotMoment & { readonly after: null }> {
    const position = await this.store.head();
    const waits = MODELS.map((model) => this.projections.waitFor(model, position, WAIT_MS));
    if ((await Promise.all(waits)).includes(false)) {
      throw new DomainError('READ_MODEL_BEHIND', {
        detail:
          'What was written last cannot be read yet. Try again in a second; /health/ready says why if it stays so.',
      });
    }
    return { position, time: this.clock.now().toISOString(), after: null };
  }

  private async resume(cursor: string): Promise<SnapshotMoment & { readonly after: Ended }> {
    const { store, snapshot, time, context, subject, part } = pageCursor.decode(cursor);
    const source = this.sources.find((known) => known.context === context);
    const isTime = typeof time === 'string' && !isNaN(Date.parse(time));
    const isSubject = typeof subject === 'string' && UUID.test(subject);
    const isPart = typeof part === 'number' && Number.isSafeInteger(part) && part >= HEAD;
    if (!source || !isTime || !isSubject || !isPart) throw cursorInvalid();
    const position = await positionInLog(this.store, store, snapshot);
    return { position, time, after: { context: source.context, subject, part } };
  }

  private pageOf(items: SnapshotPage['items'], { position, time }: SnapshotMoment, ended: Ended | null): SnapshotPage {
    const place = ended && { store: this.store.storeId, snapshot: position, time, ...ended };
    return {
      items,
      nextCursor: place && pageCursor.encode(place),
      feedCursor: place ? null : feedCursor(this.store, { position }),
      position,
    };
  }
}
