import { InjectPool } from '@muster/platform';
import { withTransaction } from '@muster/postgres';
import type { SegmentMembersEvent } from '@muster/segments-events';
import { Injectable } from '@nestjs/common';
import type { Pool } from 'pg';

/**
 * The appends of a run that is too large for one: worked out, then kept until all of them are in the log, because a
 * run whose first chunk is in the log can only be finished.
 */
@Injectable()
export class StagedChunks {
  constructor(@InjectPool('segments') private readonly pool: Pool) {}

  /** Replaces what an earlier attempt at the same run has staged. */
  async stage(runId: string, batches: readonly (readonly SegmentMembersEvent[])[]): Promise<void> {
    await withTransaction(this.pool, async (client) => {
      await client.query('DELETE FROM segment_run_chunk WHERE run_id = $1', [runId]);
      for (const [seq, events] of batches.entries()) {
        await client.query('INSERT INTO segment_run_chunk (run_id, seq, events) VALUES ($1, $2, $3)', [
          runId,
          seq,
          JSON.stringify(events),
        ]);
      }
    });
  }

  async load(runId: string): Promise<readonly (readonly SegmentMembersEvent[])[]> {
    const { rows } = await this.pool.query<{ events: SegmentMembersEvent[] }>(
      'SELECT events FROM segment_run_chunk WHERE run_id = $1 ORDER BY seq',
      [runId],
    );
    return rows.map(({ events }) => events);
  }

  async drop(runId: string): Promise<void> {
    await this.pool.query('DELETE FROM segment_run_chunk WHERE run_id = $1', [runId]);
  }
}
