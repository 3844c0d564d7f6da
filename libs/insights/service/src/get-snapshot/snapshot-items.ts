import type { Context, IntegrationEvent, Snapshot, SnapshotDocument } from '@muster/contracts';
import { idOf, type Position } from '@muster/event-store';

/** What all pages of one snapshot share. */
export interface SnapshotMoment {
  readonly position: Position;
  readonly time: string;
  /** Of this segment or campaign only. */
  readonly subject?: string;
}

/** The last item that was given: items are in order of subject and part. */
export interface SnapshotPlace {
  readonly subject: string;
  readonly part: number;
}

export interface SnapshotItem extends SnapshotPlace {
  /** Where a change is half written at the position, the events of it that came before: the feed tells only the rest. */
  readonly item: SnapshotDocument | IntegrationEvent;
}

/** What is said of a segment or campaign before its members. */
interface Head {
  readonly subject: string;
}

/** Everything of one context as of a position. */
export interface SnapshotSource<H extends Head = Head> {
  readonly context: Context;
  /** The first {@link HEADS} heads from a subject on, which is one of them. */
  heads(moment: SnapshotMoment, from: string | null): Promise<readonly H[]>;
  head(moment: SnapshotMoment, head: H): SnapshotItem;
  /** What follows a head, from behind a part on. */
  parts(moment: SnapshotMoment, head: H, after: number): AsyncIterable<SnapshotItem>;
}

export const HEADS = 50;
/** The part of the head; members follow with the number of their block. */
export const HEAD = -1;

/** Everything of a context from behind a place on. */
export async function* itemsOf<H extends Head>(
  source: SnapshotSource<H>,
  moment: SnapshotMoment,
  after: SnapshotPlace | null,
): AsyncGenerator<SnapshotItem> {
  let known: string | null = null;
  let from = after?.subject ?? null;
  for (;;) {
    const heads = await source.heads(moment, from);
    for (const head of heads) {
      if (head.subject === known) continue;
      const isBegun = head.subject === after?.subject;
      if (!isBegun) yield source.head(moment, head);
      yield* source.parts(moment, head, isBegun ? after.part : HEAD);
    }
    if (heads.length < HEADS) return;
    from = known = heads.at(-1)?.subject ?? null;
  }
}

export function snapshotItem<T extends Snapshot['type']>(
  { position, time }: SnapshotMoment,
  type: T,
  stream: string,
  part: number,
  data: Extract<Snapshot, { readonly type: T }>['data'],
): SnapshotItem {
  const subject = idOf(stream);
  const item: SnapshotDocument<T> = {
    specversion: '1.0',
    id: `snapshot/${position}/${stream}/${String(part)}`,
    source: `/muster/${type.split('.')[1] ?? ''}`,
    type,
    time,
    subject,
    datacontenttype: 'application/json',
    position,
    data,
  };
  return { subject, part, item };
}
