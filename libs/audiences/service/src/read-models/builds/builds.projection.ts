import { audienceEvents, type AudienceEvent } from '@muster/audiences-events';
import { campaignEvents, type CampaignActivated, type CampaignBuildCancelled } from '@muster/campaigns-events';
import { categoryOf, type StoredEvent } from '@muster/event-store';
import type { Projection } from '@muster/projections';
import type { PoolClient } from 'pg';

const OF_CAMPAIGN = ['CampaignActivated', 'CampaignBuildCancelled'];
const OF_AUDIENCE: readonly AudienceEvent['type'][] = [
  'AudienceBuildStarted',
  'BuildPlanned',
  'BuildLabelled',
  'AudienceBuilt',
  'BuildAbandoned',
  'AudienceBuildFailed',
];

/** Builds and how far each is: what people watch. */
export const buildsProjection: Projection = {
  name: 'builds',
  version: 1,
  categories: [campaignEvents.category, audienceEvents.category],
  handles: [...OF_CAMPAIGN, ...OF_AUDIENCE],
  ignores: [
    ...campaignEvents.types.filter((type) => !OF_CAMPAIGN.includes(type)),
    ...audienceEvents.types.filter((type) => !OF_AUDIENCE.includes(type)),
  ],
  tables: ['build'],

  async create(client) {
    await client.query(`
      CREATE TABLE build (
        build_id uuid PRIMARY KEY,
        campaign_id uuid NOT NULL,
        run_id uuid,
        state text COLLATE "C" NOT NULL,
        planned integer NOT NULL DEFAULT 0,
        labelled integer NOT NULL DEFAULT 0,
        leavers integer NOT NULL DEFAULT 0,
        members integer,
        control integer,
        failures integer NOT NULL DEFAULT 0,
        error text,
        started_at timestamptz NOT NULL,
        ended_at timestamptz
      );
      CREATE INDEX ON build (campaign_id, started_at DESC);
    `);
  },

  async apply(events, client) {
    for (const stored of events) {
      if (categoryOf(stored.stream) === campaignEvents.category) await applyCampaign(stored, client);
      else await applyAudience(stored, client);
    }
  },
};

async function applyCampaign(stored: StoredEvent, client: PoolClient): Promise<void> {
  const { type, data } = campaignEvents.read(stored) as CampaignActivated | CampaignBuildCancelled;
  if (type === 'CampaignActivated') {
    await client.query(
      `INSERT INTO build (build_id, campaign_id, state, started_at) VALUES ($1, $2, 'planning', $3)
       ON CONFLICT (build_id) DO NOTHING`,
      [data.buildId, data.campaignId, stored.metadata.time],
    );
  } else {
    await client.query(`UPDATE build SET state = 'cancelled', ended_at = $2 WHERE build_id = $1 AND state <> 'built'`, [
      data.buildId,
      stored.metadata.time,
    ]);
  }
}

async function applyAudience(stored: StoredEvent, client: PoolClient): Promise<void> {
  const { type, data } = audienceEvents.read(stored);
  const set = (buildId: string, assignments: string, ...values: readonly unknown[]) =>
    client.query(`UPDATE build SET ${assignments} WHERE build_id = $1`, [buildId, ...values]);
  switch (type) {
    case 'AudienceBuildStarted':
      await client.query(
        `INSERT INTO build (build_id, campaign_id, run_id, state, started_at) VALUES ($1, $2, $3, 'planning', $4)
         ON CONFLICT (build_id) DO UPDATE
         SET run_id = excluded.run_id, state = 'planning', planned = 0, labelled = 0, leavers = 0, error = NULL`,
        [data.buildId, data.campaignId, data.runId, stored.metadata.time],
      );
      break;
    case 'BuildPlanned':
      await set(
        data.buildId,
        `state = 'planning', error = NULL, planned = planned + $2, leavers = leavers + $3`,
        data.count,
        data.leaverCount,
      );
      break;
    case 'BuildLabelled': {
      const labelled = data.strata.reduce((sum, { n }) => sum + n, 0);
      await set(data.buildId, `state = 'labelling', error = NULL, labelled = labelled + $2`, labelled);
      break;
    }
    case 'AudienceBuilt':
      await set(
        data.buildId,
        `state = 'built', error = NULL, members = $2, control = $3, ended_at = $4`,
        data.members,
        data.control,
        stored.metadata.time,
      );
      break;
    case 'BuildAbandoned':
      if (data.cancelled) await set(data.buildId, `state = 'cancelled', ended_at = $2`, stored.metadata.time);
      break;
    case 'AudienceBuildFailed':
      await client.query(
        `INSERT INTO build (build_id, campaign_id, state, failures, error, started_at) VALUES ($1, $2, 'failed', 1, $3, $4)
         ON CONFLICT (build_id) DO UPDATE
         SET state = 'failed', failures = build.failures + 1, error = excluded.error`,
        [data.buildId, data.campaignId, data.reason, stored.metadata.time],
      );
      break;
    default:
      break;
  }
}
