import { campaignEvents, type CampaignEvent } from '@muster/campaigns-events';
import type { CampaignStatus } from '@muster/contracts';
import { InjectPool } from '@muster/platform';
import { Injectable } from '@nestjs/common';
import type { Pool } from 'pg';
import { HEAD, HEADS, snapshotItem } from './snapshot-items';
import type { SnapshotItem, SnapshotMoment, SnapshotSource } from './snapshot-items';

interface CampaignHead {
  readonly subject: string;
  readonly databaseId: string;
  readonly segmentId: string;
  readonly name: string;
  readonly type: keyof typeof STATUS_AFTER;
}

/** The events that a status begins with. */
export const STATUS_AFTER = {
  CampaignCreated: 'inactive',
  CampaignActivated: 'audience_building',
  CampaignAudienceReady: 'active',
  CampaignBuildCancelled: 'inactive',
  CampaignDeactivated: 'inactive',
  CampaignCompletionStarted: 'audience_exclusion',
  CampaignCompleted: 'completed',
} as const satisfies Partial<Record<CampaignEvent['type'], CampaignStatus>>;

/** Campaigns with their status. */
@Injectable()
export class CampaignSnapshots implements SnapshotSource<CampaignHead> {
  readonly context = 'campaigns';

  constructor(@InjectPool('insights') private readonly pool: Pool) {}

  async heads({ position, subject }: SnapshotMoment, from: string | null): Promise<readonly CampaignHead[]> {
    const { rows } = await this.pool.query<CampaignHead>(
      `SELECT c.campaign_id AS subject, c.database_id AS "databaseId", created.details->>'segmentId' AS "segmentId",
         named.details->>'name' AS name, changed.type
       FROM campaign c
       CROSS JOIN LATERAL (
         SELECT details FROM campaign_log l
         WHERE l.campaign_id = c.campaign_id AND position <= $1 AND type = 'CampaignCreated' ORDER BY position LIMIT 1
       ) created
       CROSS JOIN LATERAL (
         SELECT details FROM campaign_log l
         WHERE l.campaign_id = c.campaign_id AND position <= $1 AND type IN ('CampaignCreated', 'CampaignDescribed')
         ORDER BY position DESC LIMIT 1
       ) named
       CROSS JOIN LATERAL (
         SELECT type FROM campaign_log l
         WHERE l.campaign_id = c.campaign_id AND position <= $1 AND type = ANY ($5) ORDER BY position DESC LIMIT 1
       ) changed
       WHERE ($2::uuid IS NULL OR c.campaign_id >= $2) AND ($3::uuid IS NULL OR c.campaign_id = $3)
       ORDER BY c.campaign_id LIMIT $4`,
      [position, from, subject ?? null, HEADS, Object.keys(STATUS_AFTER)],
    );
    return rows;
  }

  head(moment: SnapshotMoment, { subject, type, ...rest }: CampaignHead): SnapshotItem {
    const data = { campaignId: subject, ...rest, status: STATUS_AFTER[type] };
    return snapshotItem(moment, 'muster.campaigns.CampaignSnapshot.v1', campaignEvents.stream(subject), HEAD, data);
  }

  async *parts(): AsyncGenerator<SnapshotItem> {
    // A campaign has no members of its own: its audience has them.
  }
}
