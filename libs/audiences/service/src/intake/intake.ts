import type { OutgoingEvent } from '@muster/contracts';
import { InjectPool } from '@muster/platform';
import { withTransaction, type Queryable } from '@muster/postgres';
import { Injectable } from '@nestjs/common';
import type { Pool } from 'pg';
import { CAMPAIGN_KINDS, SEGMENT_KINDS, type IntakeKind, type IntakeRow, type WorkRow } from './intake-row';

interface StoredRow {
  readonly source_stream: string;
  readonly revision: number;
  readonly kind: IntakeKind;
  readonly payload: string;
  readonly correlation_id: string;
  readonly causation_id: string | null;
  readonly traceparent: string | null;
}

const COLUMNS = 'i.source_stream, i.revision, i.kind, i.payload, i.correlation_id, i.causation_id, i.traceparent';

/** Rows that this audience has not taken yet, whatever stands in their way. */
const AHEAD = `(
  (i.source_stream = w.campaign_stream AND i.revision > w.campaign_revision)
  OR (w.state = 'following' AND i.source_stream = w.segment_stream
      AND i.kind = 'SegmentMembershipChanged' AND i.revision > w.segment_revision))`;

const NOT_PARKED = `NOT EXISTS (
  SELECT FROM parked p
  WHERE p.campaign_id = w.campaign_id AND p.source_stream = i.source_stream AND p.retry_at > now())`;

/**
 * What the feeds bring, filed once for all campaigns. Each audience takes what lies ahead of it in the order of filing;
 * whether something was done before is the marks' affair, the cursors here only save work.
 */
@Injectable()
export class Intake {
  constructor(@InjectPool('audiences') private readonly pool: Pool) {}

  /** Files an event, with the consumer's inbox in one transaction; false for a repeat. */
  async file(consumer: string, delivery: OutgoingEvent, kind: IntakeKind, key: string): Promise<boolean> {
    const { event, sourceReference } = delivery;
    const { stream, revision, n } = sourceReference;
    const { correlationid, causationid = null, traceparent = null } = event;
    const payload = JSON.stringify(event.data);
    return withTransaction(this.pool, async (client) => {
      const inbox = await client.query(
        `INSERT INTO inbox AS known (consumer, source_stream, revision, n) VALUES ($1, $2, $3, $4)
         ON CONFLICT (consumer, source_stream) DO UPDATE SET revision = excluded.revision, n = excluded.n
         WHERE (known.revision, known.n) < (excluded.revision, excluded.n)`,
        [consumer, stream, revision, n],
      );
      if (inbox.rowCount === 0) return false;
      await client.query(
        `INSERT INTO intake (source_stream, revision, n, kind, key, payload, correlation_id, causation_id, traceparent)
         VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9)`,
        [stream, revision, n, kind, key, payload, correlationid, causationid, traceparent],
      );
      if (isOfCampaign(kind)) await expectWork(client, event.subject, stream, kind);
      return true;
    });
  }

  /** Campaigns that have something to take now. */
  async due(): Promise<readonly string[]> {
    const { rows } = await this.pool.query<{ campaign_id: string }>(
      `SELECT w.campaign_id FROM audience_work w WHERE EXISTS (SELECT FROM intake i WHERE ${AHEAD} AND ${NOT_PARKED})`,
    );
    return rows.map(({ campaign_id }) => campaign_id);
  }

  async next(campaignId: string): Promise<WorkRow | null> {
    const { rows } = await this.pool.query<StoredRow>(
      `SELECT ${COLUMNS} FROM audience_work w JOIN intake i ON ${AHEAD}
       WHERE w.campaign_id = $1 AND ${NOT_PARKED} ORDER BY i.id LIMIT 1`,
      [campaignId],
    );
    const [row] = rows;
    return row ? (rowOf(row) as WorkRow) : null;
  }

  /** The sets of one change of a segment. */
  async parts(
    sourceStream: string,
    changeId: string,
  ): Promise<readonly IntakeRow<'ProfilesEnteredSegment' | 'ProfilesLeftSegment'>[]> {
    const { rows } = await this.pool.query<StoredRow>(
      `SELECT ${COLUMNS} FROM intake i
       WHERE i.source_stream = $1 AND i.key = $2 AND i.kind <> 'SegmentMembershipChanged' ORDER BY i.id`,
      [sourceStream, changeId],
    );
    return rows.map((row) => rowOf(row) as IntakeRow<'ProfilesEnteredSegment' | 'ProfilesLeftSegment'>);
  }

  async isCancelled(campaignStream: string, buildId: string): Promise<boolean> {
    const { rowCount } = await this.pool.query(
      `SELECT FROM intake WHERE source_stream = $1 AND kind = 'CampaignBuildCancelled' AND key = $2`,
      [campaignStream, buildId],
    );
    return rowCount !== 0;
  }

  /** Removes what every audience that follows has passed; paused and completed ones hold nothing back. */
  async forget(): Promise<void> {
    await this.pool.query(
      `DELETE FROM intake i
       WHERE i.kind = ANY ($1) AND i.filed_at < now() - interval '1 minute'
         AND EXISTS (SELECT FROM intake closing WHERE closing.source_stream = i.source_stream
                     AND closing.kind = 'SegmentMembershipChanged' AND closing.revision >= i.revision)
         AND NOT EXISTS (SELECT FROM audience_work w WHERE w.segment_stream = i.source_stream
                         AND w.state <> 'idle' AND w.segment_revision < i.revision)`,
      [SEGMENT_KINDS],
    );
    await this.pool.query(
      `DELETE FROM intake i USING audience_work w
       WHERE i.source_stream = w.campaign_stream AND i.revision <= w.campaign_revision
         AND i.filed_at < now() - interval '1 minute'`,
    );
  }
}

function isOfCampaign(kind: IntakeKind): boolean {
  return CAMPAIGN_KINDS.some((known) => known === kind);
}

/** A cancellation is looked at right away, however long its build would wait for the next attempt. */
async function expectWork(client: Queryable, campaignId: string, stream: string, kind: IntakeKind): Promise<void> {
  await client.query(
    `INSERT INTO audience_work (campaign_id, campaign_stream) VALUES ($1, $2) ON CONFLICT (campaign_id) DO NOTHING`,
    [campaignId, stream],
  );
  if (kind !== 'CampaignBuildCancelled') return;
  await client.query('DELETE FROM parked WHERE campaign_id = $1 AND source_stream = $2', [campaignId, stream]);
}

function rowOf(row: StoredRow): IntakeRow {
  return {
    sourceStream: row.source_stream,
    revision: row.revision,
    kind: row.kind,
    payload: JSON.parse(row.payload) as IntakeRow['payload'],
    correlationId: row.correlation_id,
    causationId: row.causation_id,
    traceparent: row.traceparent,
  } as IntakeRow;
}
