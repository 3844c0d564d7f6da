import { campaignEvents } from '@muster/campaigns-events';
import type { Projection } from '@muster/projections';
import { RowBuffer } from '../rows';

interface LogRow {
  readonly campaign_id: string;
  readonly position: string;
  readonly at: string;
  readonly actor: string;
  readonly type: string;
  readonly details: string;
}

/** What happened to each campaign, and what it is called. */
export const campaignsProjection: Projection = {
  name: 'campaigns',
  version: 1,
  categories: [campaignEvents.category],
  handles: campaignEvents.types,
  ignores: [],
  tables: ['campaign', 'campaign_log'],

  async create(client) {
    await client.query(`
      CREATE TABLE campaign (
        campaign_id uuid PRIMARY KEY,
        database_id uuid NOT NULL,
        name text NOT NULL
      );
      CREATE TABLE campaign_log (
        campaign_id uuid NOT NULL,
        position text COLLATE "C" NOT NULL,
        at timestamptz NOT NULL,
        actor jsonb NOT NULL,
        type text NOT NULL,
        details jsonb NOT NULL,
        PRIMARY KEY (campaign_id, position)
      );
    `);
  },

  async apply(events, client) {
    const log = new RowBuffer<LogRow>('campaign_log', {
      campaign_id: 'uuid',
      position: 'text',
      at: 'timestamptz',
      actor: 'jsonb',
      type: 'text',
      details: 'jsonb',
    });
    for (const stored of events) {
      const { type, data } = campaignEvents.read(stored);
      const { campaignId, ...details } = data;
      if (type === 'CampaignCreated') {
        await client.query('INSERT INTO campaign VALUES ($1, $2, $3)', [campaignId, data.databaseId, data.name]);
      } else if (type === 'CampaignDescribed') {
        await client.query('UPDATE campaign SET name = $2 WHERE campaign_id = $1', [campaignId, data.name]);
      }
      const { position, metadata } = stored;
      log.add({
        campaign_id: campaignId,
        position,
        at: metadata.time,
        actor: JSON.stringify(metadata.actor),
        type,
        details: JSON.stringify(details),
      });
    }
    await log.flush(client);
  },
};
