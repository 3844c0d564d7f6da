import type { AudienceHead } from '@muster/audiences-domain';
import { InjectPool } from '@muster/platform';
import { Injectable } from '@nestjs/common';
import type { Pool } from 'pg';

/** How far each audience is with what was filed, and which of its sources waits for another attempt. */
@Injectable()
export class WorkCursors {
  constructor(@InjectPool('audiences') private readonly pool: Pool) {}

  /** From here on changes of the segment are kept for this audience, whatever revision its plan will read. */
  async startBuilding(campaignId: string, segmentStream: string): Promise<void> {
    await this.pool.query(
      `UPDATE audience_work SET segment_stream = $2, segment_revision = -1, state = 'building'
       WHERE campaign_id = $1 AND state <> 'building'`,
      [campaignId, segmentStream],
    );
  }

  /** The row is done: the cursors follow the audience. */
  async passed(
    campaignId: string,
    row: { readonly sourceStream: string; readonly revision: number },
    head: AudienceHead,
  ): Promise<void> {
    const state = head.build ? 'building' : head.status === 'active' ? 'following' : 'idle';
    await this.pool.query(
      `WITH unparked AS (DELETE FROM parked WHERE campaign_id = $1 AND source_stream = $2),
            unstaged AS (DELETE FROM staged_change WHERE campaign_id = $1 AND source_stream = $2)
       UPDATE audience_work SET
         campaign_revision = CASE WHEN campaign_stream = $2 THEN greatest(campaign_revision, $3) ELSE campaign_revision END,
         segment_revision = $4,
         state = $5
       WHERE campaign_id = $1`,
      [campaignId, row.sourceStream, row.revision, head.segmentRevision, state],
    );
  }

  /** The source waits for this audience; answers the how-manieth attempt failed and whether for another reason. */
  async park(
    campaignId: string,
    row: { readonly sourceStream: string; readonly revision: number },
    reason: string,
    waitMs: (attempts: number) => number,
  ): Promise<{ readonly attempts: number; readonly isNews: boolean }> {
    const known = await this.pool.query<{ attempts: number; reason: string }>(
      'SELECT attempts, reason FROM parked WHERE campaign_id = $1 AND source_stream = $2 AND revision = $3',
      [campaignId, row.sourceStream, row.revision],
    );
    const before = known.rows[0];
    const attempts = (before?.attempts ?? 0) + 1;
    await this.pool.query(
      `INSERT INTO parked (campaign_id, source_stream, revision, attempts, reason, retry_at)
       VALUES ($1, $2, $3, $4, $5, now() + $6 * interval '1 millisecond')
       ON CONFLICT (campaign_id, source_stream) DO UPDATE
       SET revision = excluded.revision, attempts = excluded.attempts, reason = excluded.reason, retry_at = excluded.retry_at`,
      [campaignId, row.sourceStream, row.revision, attempts, reason, waitMs(attempts)],
    );
    return { attempts, isNews: before?.reason !== reason };
  }
}
