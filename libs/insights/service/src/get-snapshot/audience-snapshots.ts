import { audienceEvents } from '@muster/audiences-events';
import { InjectPool } from '@muster/platform';
import { Injectable } from '@nestjs/common';
import type { Pool } from 'pg';
import { AudienceRecord } from '../read-models/audiences/audience-record';
import { HEAD, HEADS, snapshotItem } from './snapshot-items';
import type { SnapshotItem, SnapshotMoment, SnapshotSource } from './snapshot-items';

interface AudienceHead {
  readonly subject: string;
  readonly databaseId: string;
  readonly epoch: number;
  readonly count: number;
  readonly controlCount: number;
}

/** Audiences with the groups of their members. The plan of a running build is none yet: its end tells all of it. */
@Injectable()
export class AudienceSnapshots implements SnapshotSource<AudienceHead> {
  readonly context = 'audiences';

  constructor(
    @InjectPool('insights') private readonly pool: Pool,
    private readonly record: AudienceRecord,
  ) {}

  async heads({ position, subject }: SnapshotMoment, from: string | null): Promise<readonly AudienceHead[]> {
    const { rows } = await this.pool.query<AudienceHead>(
      `SELECT a.campaign_id AS subject, a.database_id AS "databaseId", log.epoch, log.members AS count,
         log.control AS "controlCount"
       FROM audience a
       CROSS JOIN LATERAL (
         SELECT epoch, members, control FROM audience_log l
         WHERE l.campaign_id = a.campaign_id AND position <= $1 ORDER BY position DESC LIMIT 1
       ) log
       WHERE a.database_id IS NOT NULL AND log.epoch > 0
         AND ($2::uuid IS NULL OR a.campaign_id >= $2) AND ($3::uuid IS NULL OR a.campaign_id = $3)
       ORDER BY a.campaign_id LIMIT $4`,
      [position, from, subject ?? null, HEADS],
    );
    return rows;
  }

  head(moment: SnapshotMoment, { subject, ...rest }: AudienceHead): SnapshotItem {
    const data = { campaignId: subject, ...rest };
    return snapshotItem(moment, 'muster.audiences.AudienceSnapshot.v1', audienceEvents.stream(subject), HEAD, data);
  }

  async *parts(
    moment: SnapshotMoment,
    { subject: campaignId, databaseId }: AudienceHead,
    after: number,
  ): AsyncGenerator<SnapshotItem> {
    const stream = audienceEvents.stream(campaignId);
    for (const block of await this.record.blocksFrom(campaignId, after + 1)) {
      const { members, control } = await this.record.block(campaignId, block, moment.position);
      if (members.isEmpty) continue;
      const data = {
        ...{ campaignId, databaseId, profiles: members.encodeBase64(), count: members.size },
        ...{ control: control.encodeBase64(), controlCount: control.size },
      };
      yield snapshotItem(moment, 'muster.audiences.AudienceMembersSnapshot.v1', stream, block, data);
    }
  }
}
