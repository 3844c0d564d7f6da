import type { SegmentKind } from '@muster/contracts';
import type { EventStore, Position, ReadStreamOptions, StoredEvent } from '@muster/event-store';
import { EVENT_STORE, InjectPool } from '@muster/platform';
import { BLOCK_SIZE, ProfileSet } from '@muster/profile-set';
import { segmentEvents, segmentMembersEvents, type SegmentMembersEvent } from '@muster/segments-events';
import { Inject, Injectable } from '@nestjs/common';
import type { Pool } from 'pg';
import { IntegrationFeed } from '../get-feed/integration-feed';
import { HEAD, HEADS, snapshotItem } from './snapshot-items';
import type { SnapshotItem, SnapshotMoment, SnapshotSource } from './snapshot-items';

interface SegmentHead {
  readonly subject: string;
  readonly databaseId: string;
  readonly kind: SegmentKind;
  readonly name: string;
  readonly count: number;
}

/** Blocks are below; from here on the parts are events of a change that is half written, by revision. */
const OPEN_CHANGE = 32_768;
/** Changes of one block that are read at once. */
const CHANGES = 500;
const CLOSING = 'SegmentMembersChanged' satisfies SegmentMembersEvent['type'];
/** Events that are looked at at once for the beginning of an open change. */
const WINDOW = 64;

/** Segments with their members as of their last closed change. */
@Injectable()
export class SegmentSnapshots implements SnapshotSource<SegmentHead> {
  readonly context = 'segments';

  constructor(
    @InjectPool('insights') private readonly pool: Pool,
    @Inject(EVENT_STORE) private readonly store: EventStore,
    private readonly feed: IntegrationFeed,
  ) {}

  async heads({ position, subject }: SnapshotMoment, from: string | null): Promise<readonly SegmentHead[]> {
    const { rows } = await this.pool.query<SegmentHead>(
      `SELECT s.segment_id AS subject, s.database_id AS "databaseId", created.details->>'kind' AS kind,
         named.details->>'name' AS name, coalesce(changed.count, 0) AS count
       FROM segment s
       CROSS JOIN LATERAL (
         SELECT details FROM segment_log l
         WHERE l.segment_id = s.segment_id AND position <= $1 AND type = 'SegmentCreated' ORDER BY position LIMIT 1
       ) created
       CROSS JOIN LATERAL (
         SELECT details FROM segment_log l
         WHERE l.segment_id = s.segment_id AND position <= $1 AND type IN ('SegmentCreated', 'SegmentDescribed')
         ORDER BY position DESC LIMIT 1
       ) named
       LEFT JOIN LATERAL (
         SELECT count FROM segment_log l
         WHERE l.segment_id = s.segment_id AND position <= $1 AND type = 'SegmentMembersChanged'
         ORDER BY position DESC LIMIT 1
       ) changed ON true
       WHERE ($2::uuid IS NULL OR s.segment_id >= $2) AND ($3::uuid IS NULL OR s.segment_id = $3)
       ORDER BY s.segment_id LIMIT $4`,
      [position, from, subject ?? null, HEADS],
    );
    return rows;
  }

  head(moment: SnapshotMoment, { subject, ...rest }: SegmentHead): SnapshotItem {
    const stream = segmentEvents.stream(subject);
    return snapshotItem(moment, 'muster.segments.SegmentSnapshot.v1', stream, HEAD, { segmentId: subject, ...rest });
  }

  async *parts(
    moment: SnapshotMoment,
    { subject: segmentId, databaseId }: SegmentHead,
    after: number,
  ): AsyncGenerator<SnapshotItem> {
    const stream = segmentMembersEvents.stream(segmentId);
    for (const block of await this.blocks(segmentId, moment.position, after)) {
      const members = await this.members(segmentId, block, moment.position);
      if (members.isEmpty) continue;
      const data = { segmentId, databaseId, profiles: members.encodeBase64(), count: members.size };
      yield snapshotItem(moment, 'muster.segments.SegmentMembersSnapshot.v1', stream, block, data);
    }
    const from = after < OPEN_CHANGE ? await this.openChange(stream, moment.position) : after - OPEN_CHANGE + 1;
    for await (const stored of this.store.readStream(stream, { from })) {
      if (stored.position > moment.position) return;
      for (const { event } of await this.feed.translate(stored)) {
        yield { subject: segmentId, part: OPEN_CHANGE + stored.revision, item: event };
      }
    }
  }

  private async blocks(segmentId: string, position: Position, after: number): Promise<number[]> {
    const { rows } = await this.pool.query<{ block: number }>(
      `SELECT DISTINCT block FROM segment_change WHERE segment_id = $1 AND block > $2 AND position <= $3 ORDER BY block`,
      [segmentId, after, position],
    );
    return rows.map(({ block }) => block);
  }

  /** Folded from its changes, profile by profile: most of them change few, and a set would be copied for each. */
  private async members(segmentId: string, block: number, position: Position): Promise<ProfileSet> {
    const isMember = new Uint8Array(BLOCK_SIZE);
    const mark = (bytes: Buffer | null, value: 0 | 1): void => {
      if (bytes) for (const profile of ProfileSet.decode(bytes).toArray()) isMember[profile % BLOCK_SIZE] = value;
    };
    for (let known = ''; ;) {
      const { rows } = await this.pool.query<ChangeRow>(
        `SELECT position, entered, left_members AS left FROM segment_change
         WHERE segment_id = $1 AND block = $2 AND position > $3 AND position <= $4 ORDER BY position LIMIT $5`,
        [segmentId, block, known, position, CHANGES],
      );
      for (const { entered, left } of rows) {
        mark(entered, 1);
        mark(left, 0);
      }
      if (rows.length < CHANGES) return membersOf(block, isMember);
      known = rows.at(-1)?.position ?? known;
    }
  }

  /** The revision behind the last closed change: what stands from there up to the position belongs to an open one. */
  private async openChange(stream: string, position: Position): Promise<number> {
    for await (const { revision, type, position: at } of this.backwards(stream)) {
      if (at <= position && type === CLOSING) return revision + 1;
    }
    return 0;
  }

  /** Mostly the last event is the one that is looked for. */
  private async *backwards(stream: string): AsyncGenerator<StoredEvent> {
    let options: ReadStreamOptions = { direction: 'backwards', limit: 1 };
    for (;;) {
      let last = 0;
      for await (const stored of this.store.readStream(stream, options)) {
        last = stored.revision;
        yield stored;
      }
      if (last === 0) return;
      options = { direction: 'backwards', from: last - 1, limit: WINDOW };
    }
  }
}

interface ChangeRow {
  readonly position: string;
  readonly entered: Buffer | null;
  readonly left: Buffer | null;
}

function membersOf(block: number, isMember: Uint8Array): ProfileSet {
  const profiles = new Uint32Array(isMember.reduce((sum, value) => sum + value, 0));
  let count = 0;
  for (const [i, value] of isMember.entries()) if (value === 1) profiles[count++] = block * BLOCK_SIZE + i;
  return ProfileSet.fromSorted(profiles);
}
