import type { CampaignStatus } from '@muster/contracts';
import { activityEvents, campaignEvents, type ActivityEvent, type CampaignEvent } from '@muster/campaigns-events';
import { categoryOf, type StoredEvent } from '@muster/event-store';
import type { Projection } from '@muster/projections';
import type { PoolClient } from 'pg';

/** The lists of campaigns and of activities. */
export const campaignsProjection: Projection = {
  name: 'campaigns',
  version: 1,
  categories: [campaignEvents.category, activityEvents.category],
  handles: [
    'CampaignCreated',
    'CampaignDescribed',
    'CampaignLcgChanged',
    'CampaignStratificationChanged',
    'CampaignActivated',
    'CampaignAudienceReady',
    'CampaignBuildCancelled',
    'CampaignDeactivated',
    'CampaignCompletionStarted',
    'CampaignCompleted',
    ...activityEvents.types,
  ],
  ignores: ['ActivityAttached', 'ActivityDetached', 'CampaignBuildFailed'],
  tables: ['campaign', 'activity'],

  async create(client) {
    await client.query(`
      CREATE TABLE campaign (
        campaign_id uuid PRIMARY KEY,
        name text NOT NULL,
        description text NOT NULL,
        tags text[] NOT NULL,
        database_id uuid NOT NULL,
        segment_id uuid NOT NULL,
        status text NOT NULL,
        lcg_basis_points integer,
        lcg_count integer,
        stratification_hash text,
        members integer,
        control integer,
        created_at timestamptz NOT NULL,
        changed_at timestamptz NOT NULL
      );
      CREATE INDEX ON campaign (created_at DESC, campaign_id DESC);
      CREATE TABLE activity (
        activity_id uuid PRIMARY KEY,
        kind text NOT NULL,
        name text NOT NULL,
        database_id uuid NOT NULL,
        segment_id uuid,
        ignores_lcg boolean NOT NULL,
        expands_audience boolean NOT NULL,
        campaign_id uuid,
        created_at timestamptz NOT NULL
      );
      CREATE INDEX ON activity (created_at DESC, activity_id DESC);
      CREATE INDEX ON activity (campaign_id);
    `);
  },

  async apply(events, client) {
    for (const stored of events) {
      if (categoryOf(stored.stream) === campaignEvents.category) await applyCampaign(stored, client);
      else await applyActivity(stored, client);
    }
  },
};

const statusAfter: Partial<Record<CampaignEvent['type'], CampaignStatus>> = {
  CampaignActivated: 'audience_building',
  CampaignAudienceReady: 'active',
  CampaignBuildCancelled: 'inactive',
  CampaignDeactivated: 'inactive',
  CampaignCompletionStarted: 'audience_exclusion',
  CampaignCompleted: 'completed',
};

async function applyCampaign(stored: StoredEvent, client: PoolClient): Promise<void> {
  const { type, data } = campaignEvents.read(stored);
  const { time } = stored.metadata;
  const set = (assignments: string, ...values: unknown[]): Promise<unknown> =>
    client.query(`UPDATE campaign SET changed_at = $2, ${assignments} WHERE campaign_id = $1`, [
      data.campaignId,
      time,
      ...values,
    ]);
  switch (type) {
    case 'CampaignCreated': {
      const { campaignId, name, description, tags, databaseId, segmentId } = data;
      await client.query(
        `INSERT INTO campaign (campaign_id, name, description, tags, database_id, segment_id, status, created_at, changed_at)
         VALUES ($1, $2, $3, $4, $5, $6, 'inactive', $7, $7)`,
        [campaignId, name, description, tags, databaseId, segmentId, time],
      );
      return;
    }
    case 'CampaignDescribed':
      await set('name = $3, description = $4, tags = $5', data.name, data.description, data.tags);
      return;
    case 'CampaignLcgChanged':
      await set('lcg_basis_points = $3, lcg_count = $4', data.lcg?.basisPoints ?? null, data.lcg?.count ?? null);
      return;
    case 'CampaignStratificationChanged':
      await set('stratification_hash = $3', data.stratification?.hash ?? null);
      return;
    case 'CampaignAudienceReady':
      await set(`status = 'active', members = $3, control = $4`, data.members, data.control);
      return;
    default: {
      const status = statusAfter[type];
      if (status) await set('status = $3', status);
    }
  }
}

async function applyActivity(stored: StoredEvent, client: PoolClient): Promise<void> {
  const { type, data }: ActivityEvent = activityEvents.read(stored);
  switch (type) {
    case 'ActivityCreated': {
      const { activityId, kind, name, databaseId, segmentId, ignoresLcg, expandsAudience } = data;
      await client.query(
        `INSERT INTO activity (activity_id, kind, name, database_id, segment_id, ignores_lcg, expands_audience, created_at)
         VALUES ($1, $2, $3, $4, $5, $6, $7, $8)`,
        [activityId, kind, name, databaseId, segmentId, ignoresLcg, expandsAudience, stored.metadata.time],
      );
      return;
    }
    case 'ActivityDescribed':
      await client.query(
        'UPDATE activity SET name = $2, ignores_lcg = $3, expands_audience = $4 WHERE activity_id = $1',
        [data.activityId, data.name, data.ignoresLcg, data.expandsAudience],
      );
      return;
    case 'ActivityJoinedCampaign':
      await client.query('UPDATE activity SET campaign_id = $2 WHERE activity_id = $1', [
        data.activityId,
        data.campaignId,
      ]);
      return;
    case 'ActivityLeftCampaign':
      await client.query('UPDATE activity SET campaign_id = NULL WHERE activity_id = $1', [data.activityId]);
      return;
  }
}
