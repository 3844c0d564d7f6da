import type { StoredEvent } from '@muster/event-store';
import type { Projection } from '@muster/projections';
import {
  segmentEvents,
  segmentMembersEvents,
  type SegmentEvent,
  type SegmentMembersChanged,
} from '@muster/segments-events';
import type { PoolClient } from 'pg';

/** The list of segments, and the log of their runs. */
export const segmentsProjection: Projection = {
  name: 'segments',
  version: 1,
  categories: [segmentEvents.category, segmentMembersEvents.category],
  handles: [
    'SegmentCreated',
    'SegmentDescribed',
    'SegmentSelectionChanged',
    'SegmentRunStarted',
    'SegmentRunCompleted',
    'SegmentRunFailed',
    'SegmentDeleted',
    'SegmentRestored',
    'SegmentMembersChanged',
  ],
  ignores: ['SegmentUseRegistered', 'SegmentUseReleased', 'ProfilesEnteredSegment', 'ProfilesLeftSegment'],
  tables: ['segment', 'segment_run'],

  async create(client) {
    await client.query(`
      CREATE TABLE segment (
        segment_id uuid PRIMARY KEY,
        database_id uuid NOT NULL,
        name text NOT NULL,
        kind text NOT NULL,
        description text NOT NULL,
        tags text[] NOT NULL,
        condition_hash text,
        range_from integer NOT NULL,
        range_to integer NOT NULL,
        profile_limit integer,
        count integer NOT NULL DEFAULT 0,
        calculated boolean NOT NULL DEFAULT false,
        running boolean NOT NULL DEFAULT false,
        deleted boolean NOT NULL DEFAULT false,
        created_at timestamptz NOT NULL,
        changed_at timestamptz NOT NULL
      );
      CREATE INDEX ON segment (created_at DESC, segment_id DESC);
      CREATE TABLE segment_run (
        run_id uuid PRIMARY KEY,
        segment_id uuid NOT NULL,
        cause text NOT NULL,
        initiator text NOT NULL,
        state text NOT NULL,
        started_at timestamptz NOT NULL,
        ended_at timestamptz,
        found integer,
        added integer,
        removed integer,
        error text
      );
      CREATE INDEX ON segment_run (segment_id, started_at DESC, run_id DESC);
      CREATE INDEX ON segment_run (segment_id) WHERE state = 'in_progress';
    `);
  },

  async apply(events, client) {
    for (const stored of events) {
      if (stored.type === 'SegmentMembersChanged') await applyMembersChanged(stored, client);
      else await applySegmentEvent(stored, client);
    }
  },
};

async function applyMembersChanged(stored: StoredEvent, client: PoolClient): Promise<void> {
  const { data } = segmentMembersEvents.read(stored) as SegmentMembersChanged;
  await client.query('UPDATE segment SET count = $2, changed_at = $3 WHERE segment_id = $1', [
    data.segmentId,
    data.count,
    stored.metadata.time,
  ]);
}

async function applySegmentEvent(stored: StoredEvent, client: PoolClient): Promise<void> {
  const event = segmentEvents.read(stored);
  const { time, actor } = stored.metadata;
  const set = (assignments: string, ...values: unknown[]): Promise<unknown> =>
    client.query(`UPDATE segment SET changed_at = $2, ${assignments} WHERE segment_id = $1`, [
      event.data.segmentId,
      time,
      ...values,
    ]);
  switch (event.type) {
    case 'SegmentCreated':
      await insertSegment(event.data, time, client);
      return;
    case 'SegmentDescribed':
      await set('name = $3, description = $4, tags = $5', event.data.name, event.data.description, event.data.tags);
      return;
    case 'SegmentSelectionChanged': {
      const { conditionHash, range, limit } = event.data.selection;
      await set(
        'condition_hash = $3, range_from = $4, range_to = $5, profile_limit = $6',
        conditionHash,
        range.from,
        range.to,
        limit,
      );
      return;
    }
    case 'SegmentRunStarted': {
      const { runId, segmentId, cause } = event.data;
      await set('running = true');
      await client.query(
        `INSERT INTO segment_run (run_id, segment_id, cause, initiator, state, started_at)
         VALUES ($1, $2, $3, $4, 'in_progress', $5)`,
        [runId, segmentId, cause, actor.name, time],
      );
      return;
    }
    case 'SegmentRunCompleted': {
      const { runId, found, added, removed } = event.data;
      await set('running = false, calculated = true');
      await client.query(
        `UPDATE segment_run SET state = 'completed', ended_at = $2, found = $3, added = $4, removed = $5
         WHERE run_id = $1`,
        [runId, time, found, added, removed],
      );
      return;
    }
    case 'SegmentRunFailed':
      await set('running = false');
      await client.query(`UPDATE segment_run SET state = 'error', ended_at = $2, error = $3 WHERE run_id = $1`, [
        event.data.runId,
        time,
        event.data.reason,
      ]);
      return;
    case 'SegmentDeleted':
      await set('deleted = true');
      return;
    case 'SegmentRestored':
      await set('deleted = false');
      return;
    case 'SegmentUseRegistered':
    case 'SegmentUseReleased':
      return;
  }
}

type Created = Extract<SegmentEvent, { type: 'SegmentCreated' }>['data'];

async function insertSegment(data: Created, time: string, client: PoolClient): Promise<void> {
  const { segmentId, databaseId, name, kind, description, tags, selection } = data;
  await client.query(
    `INSERT INTO segment (segment_id, database_id, name, kind, description, tags, condition_hash, range_from, range_to,
                          profile_limit, created_at, changed_at)
     VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $11)`,
    [
      segmentId,
      databaseId,
      name,
      kind,
      description,
      tags,
      selection.conditionHash,
      selection.range.from,
      selection.range.to,
      selection.limit,
      time,
    ],
  );
}
