import { DomainError, type ProblemCode } from '@muster/kernel';
import { cursorInvalid, InjectPool, pageCursor, type Page } from '@muster/platform';
import { Injectable } from '@nestjs/common';
import type { Pool } from 'pg';
import type { AudienceLogItemDto, CampaignLogItemDto, SegmentLogItemDto, SizesDto } from './logs.dto';

interface LogTable {
  readonly table: string;
  readonly id: string;
  readonly columns: string;
  readonly where?: string;
  readonly missing: ProblemCode;
}

const AUDIENCE: LogTable = {
  table: 'audience_log',
  id: 'campaign_id',
  columns: 'type, cause, entered, left_count AS left, changed, members, control, details',
  where: 'AND NOT part',
  missing: 'AUDIENCE_NOT_FOUND',
};
const SEGMENT: LogTable = {
  table: 'segment_log',
  id: 'segment_id',
  columns: 'type, cause, added, removed, count, details',
  missing: 'SEGMENT_NOT_FOUND',
};
const CAMPAIGN: LogTable = {
  table: 'campaign_log',
  id: 'campaign_id',
  columns: 'type, details',
  missing: 'CAMPAIGN_NOT_FOUND',
};

/** What was done to audiences, segments and campaigns, newest first. */
@Injectable()
export class Logs {
  constructor(@InjectPool('insights') private readonly pool: Pool) {}

  audience(campaignId: string, limit: number, cursor?: string): Promise<Page<AudienceLogItemDto>> {
    return this.page<AudienceLogItemDto>(AUDIENCE, campaignId, limit, cursor);
  }

  segment(segmentId: string, limit: number, cursor?: string): Promise<Page<SegmentLogItemDto>> {
    return this.page<SegmentLogItemDto>(SEGMENT, segmentId, limit, cursor);
  }

  campaign(campaignId: string, limit: number, cursor?: string): Promise<Page<CampaignLogItemDto>> {
    return this.page<CampaignLogItemDto>(CAMPAIGN, campaignId, limit, cursor);
  }

  async sizes(segmentId: string, bucket: 'day' | 'week' | 'month'): Promise<SizesDto> {
    const { rows } = await this.pool.query<SizesDto['items'][number]>(
      `SELECT to_char(date_trunc($2, at AT TIME ZONE 'UTC'), 'YYYY-MM-DD') AS "from",
         sum(added)::integer AS added, sum(removed)::integer AS removed,
         (array_agg(count ORDER BY position DESC))[1] AS count
       FROM segment_log WHERE segment_id = $1 AND type = 'SegmentMembersChanged' GROUP BY 1 ORDER BY 1`,
      [segmentId, bucket],
    );
    if (rows.length === 0) await this.mustExist(SEGMENT, segmentId);
    return { items: rows };
  }

  private async page<T extends { position: string }>(
    log: LogTable,
    id: string,
    limit: number,
    cursor: string | undefined,
  ): Promise<Page<T>> {
    const before = cursor === undefined ? null : pageCursor.decode(cursor)['before'];
    if (before !== null && typeof before !== 'string') throw cursorInvalid();
    const { rows } = await this.pool.query<T>(
      `SELECT to_char(at AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.MS"Z"') AS at, position, actor, ${log.columns}
       FROM ${log.table} WHERE ${log.id} = $1 AND ($2::text IS NULL OR position < $2) ${log.where ?? ''}
       ORDER BY position DESC LIMIT $3`,
      [id, before, limit + 1],
    );
    if (rows.length === 0) await this.mustExist(log, id);
    const items = rows.slice(0, limit);
    const last = items.at(-1);
    const more = rows.length > limit && last !== undefined;
    return { items, nextCursor: more ? pageCursor.encode({ before: last.position }) : null };
  }

  private async mustExist({ table, id: column, missing }: LogTable, id: string): Promise<void> {
    const { rows } = await this.pool.query(`SELECT FROM ${table} WHERE ${column} = $1 LIMIT 1`, [id]);
    if (rows.length === 0) throw new DomainError(missing, { detail: 'Nothing is recorded under this id.' });
  }
}
