import { categoryOf, type StoredEvent } from '@muster/event-store';
import type { Projection } from '@muster/projections';
import {
  segmentEvents,
  segmentMembersEvents,
  type ProfilesEnteredSegment,
  type SegmentMembersChanged,
} from '@muster/segments-events';
import type { PoolClient } from 'pg';
import { uncompressed } from '../audiences/audiences.projection';
import { fromBase64, RowBuffer } from '../rows';

interface LogRow {
  readonly segment_id: string;
  readonly position: string;
  readonly at: string;
  readonly actor: string;
  readonly type: string;
  readonly cause: string | null;
  readonly added: number;
  readonly removed: number;
  readonly count: number | null;
  readonly details: string;
}

interface ChunkRow {
  readonly segment_id: string;
  readonly change_id: string;
  readonly block: number;
  readonly entered: Buffer | null;
  readonly left_members: Buffer | null;
}

/**
 * Who entered and left each segment, as sets by block and position, and what was done to the segment. The chunks of a
 * change wait in `segment_chunk` until its closing event.
 */
export const segmentsProjection: Projection = {
  name: 'segments',
  version: 1,
  categories: [segmentEvents.category, segmentMembersEvents.category],
  handles: [...segmentEvents.types, ...segmentMembersEvents.types],
  ignores: [],
  tables: ['segment', 'segment_log', 'segment_change'],

  async create(client) {
    await client.query(`
      CREATE TABLE segment (
        segment_id uuid PRIMARY KEY,
        database_id uuid NOT NULL,
        name text NOT NULL
      );
      CREATE TABLE segment_log (
        segment_id uuid NOT NULL,
        position text COLLATE "C" NOT NULL,
        at timestamptz NOT NULL,
        actor jsonb NOT NULL,
        type text NOT NULL,
        cause text,
        added integer NOT NULL,
        removed integer NOT NULL,
        -- members after a change of members
        count integer,
        details jsonb NOT NULL,
        PRIMARY KEY (segment_id, position)
      );
      CREATE TABLE segment_change (
        segment_id uuid NOT NULL,
        block integer NOT NULL,
        position text COLLATE "C" NOT NULL,
        database_id uuid NOT NULL,
        at timestamptz NOT NULL,
        cause text NOT NULL,
        entered bytea,
        left_members bytea,
        PRIMARY KEY (segment_id, block, position)
      );
      CREATE INDEX ON segment_change (database_id, block);
      CREATE TABLE segment_chunk (
        segment_id uuid NOT NULL,
        change_id text NOT NULL,
        block integer NOT NULL,
        entered bytea,
        left_members bytea,
        PRIMARY KEY (segment_id, change_id, block)
      );
      ${uncompressed('segment_change', ['entered', 'left_members'])}
      ${uncompressed('segment_chunk', ['entered', 'left_members'])}
    `);
  },

  async apply(events, client) {
    const writer = new SegmentWriter(client);
    for (const stored of events) {
      if (categoryOf(stored.stream) === segmentEvents.category) await writer.applySegment(stored);
      else await writer.applyMembers(stored);
    }
    await writer.flush();
  },
};

class SegmentWriter {
  /** By segment, change and block: who enters and who leaves a block stand in one row. */
  private readonly chunks = new Map<string, ChunkRow>();
  private readonly log = new RowBuffer<LogRow>('segment_log', {
    segment_id: 'uuid',
    position: 'text',
    at: 'timestamptz',
    actor: 'jsonb',
    type: 'text',
    cause: 'text',
    added: 'integer',
    removed: 'integer',
    count: 'integer',
    details: 'jsonb',
  });

  constructor(private readonly client: PoolClient) {}

  async applySegment(stored: StoredEvent): Promise<void> {
    const { type, data } = segmentEvents.read(stored);
    const { segmentId, ...details } = data;
    if (type === 'SegmentCreated') {
      const { databaseId, name } = data;
      await this.client.query('INSERT INTO segment VALUES ($1, $2, $3)', [segmentId, databaseId, name]);
    } else if (type === 'SegmentDescribed') {
      await this.client.query('UPDATE segment SET name = $2 WHERE segment_id = $1', [segmentId, data.name]);
    }
    this.note(stored, segmentId, { cause: 'cause' in data ? data.cause : null, details });
  }

  async applyMembers(stored: StoredEvent): Promise<void> {
    const { type, data } = segmentMembersEvents.read(stored);
    switch (type) {
      case 'ProfilesEnteredSegment':
        this.chunk(data, { entered: fromBase64(data.profiles) });
        return;
      case 'ProfilesLeftSegment':
        this.chunk(data, { left_members: fromBase64(data.profiles) });
        return;
      case 'SegmentMembersChanged':
        await this.close(data, stored);
    }
  }

  async flush(): Promise<void> {
    await this.flushChunks();
    await this.log.flush(this.client);
  }

  private chunk(
    { segmentId, changeId, block }: ProfilesEnteredSegment['data'],
    members: Partial<Pick<ChunkRow, 'entered' | 'left_members'>>,
  ): void {
    const key = `${segmentId}/${changeId}/${String(block)}`;
    const none = { segment_id: segmentId, change_id: changeId, block, entered: null, left_members: null };
    this.chunks.set(key, { ...(this.chunks.get(key) ?? none), ...members });
  }

  private async close(data: SegmentMembersChanged['data'], stored: StoredEvent): Promise<void> {
    await this.flushChunks();
    const { segmentId, databaseId, changeId, cause, added, removed, count } = data;
    const { position, metadata } = stored;
    await this.client.query(
      `INSERT INTO segment_change
       SELECT segment_id, block, $3, $4::uuid, $5::timestamptz, $6, entered, left_members
       FROM segment_chunk WHERE segment_id = $1 AND change_id = $2`,
      [segmentId, changeId, position, databaseId, metadata.time, cause],
    );
    await this.client.query('DELETE FROM segment_chunk WHERE segment_id = $1 AND change_id = $2', [
      segmentId,
      changeId,
    ]);
    this.note(stored, segmentId, { cause, added, removed, count, details: { changeId } });
  }

  private note(
    { position, type, metadata }: StoredEvent,
    segmentId: string,
    row: Partial<Pick<LogRow, 'cause' | 'added' | 'removed' | 'count'>> & { readonly details: object },
  ): void {
    this.log.add({
      segment_id: segmentId,
      position,
      at: metadata.time,
      actor: JSON.stringify(metadata.actor),
      type,
      cause: row.cause ?? null,
      added: row.added ?? 0,
      removed: row.removed ?? 0,
      count: row.count ?? null,
      details: JSON.stringify(row.details),
    });
  }

  /** A change may come in several batches: what is new for a block joins what waits already. */
  private async flushChunks(): Promise<void> {
    const buffer = new RowBuffer<ChunkRow>(
      'segment_chunk',
      { segment_id: 'uuid', change_id: 'text', block: 'integer', entered: 'bytea', left_members: 'bytea' },
      `ON CONFLICT (segment_id, change_id, block) DO UPDATE
       SET entered = coalesce(excluded.entered, segment_chunk.entered),
         left_members = coalesce(excluded.left_members, segment_chunk.left_members)`,
    );
    for (const row of this.chunks.values()) buffer.add(row);
    this.chunks.clear();
    await buffer.flush(this.client);
  }
}
