import { audienceEvents } from '@muster/audiences-events';
import type { Projection } from '@muster/projections';
import { AudienceWriter } from './audience-writer';

/**
 * Audiences as sets: what each block holds now, and every change of it by position. A build's plan waits in
 * `audience_plan` until its closing event; a profile has no row of its own anywhere.
 */
export const audiencesProjection: Projection = {
  name: 'audiences',
  version: 1,
  categories: [audienceEvents.category],
  handles: audienceEvents.types,
  ignores: [],
  tables: ['audience', 'audience_log', 'audience_epoch', 'audience_stratum', 'audience_block', 'audience_change'],

  async create(client) {
    await client.query(`
      CREATE TABLE audience (
        campaign_id uuid PRIMARY KEY,
        database_id uuid,
        segment_id uuid,
        state text NOT NULL,
        build_id uuid,
        run_id uuid,
        epoch integer NOT NULL,
        members integer NOT NULL,
        control integer NOT NULL,
        -- running maximum of event time
        max_at timestamptz NOT NULL
      );
      CREATE TABLE audience_log (
        campaign_id uuid NOT NULL,
        position text COLLATE "C" NOT NULL,
        at timestamptz NOT NULL,
        max_at timestamptz NOT NULL,
        actor jsonb NOT NULL,
        type text NOT NULL,
        cause text,
        entered integer NOT NULL,
        left_count integer NOT NULL,
        changed integer NOT NULL,
        -- one of several events of a change that a later event sums up
        part boolean NOT NULL,
        details jsonb NOT NULL,
        status text NOT NULL,
        epoch integer NOT NULL,
        members integer NOT NULL,
        control integer NOT NULL,
        PRIMARY KEY (campaign_id, position)
      );
      CREATE INDEX ON audience_log (campaign_id, max_at DESC, position DESC);
      CREATE TABLE audience_epoch (
        campaign_id uuid NOT NULL,
        epoch integer NOT NULL,
        -- null while the build that opened it is running
        position text COLLATE "C",
        seed text NOT NULL,
        algorithm text NOT NULL,
        lcg_basis_points integer,
        lcg_count integer,
        stratification_hash text,
        strata text[],
        PRIMARY KEY (campaign_id, epoch)
      );
      -- running counts of one stratum: assigned since the epoch began, and present
      CREATE TABLE audience_stratum (
        campaign_id uuid NOT NULL,
        epoch integer NOT NULL,
        code integer NOT NULL,
        position text COLLATE "C" NOT NULL,
        assigned integer NOT NULL,
        assigned_control integer NOT NULL,
        present_test integer NOT NULL,
        present_control integer NOT NULL,
        PRIMARY KEY (campaign_id, epoch, code, position)
      );
      CREATE TABLE audience_block (
        campaign_id uuid NOT NULL,
        block integer NOT NULL,
        -- of the last change
        position text COLLATE "C" NOT NULL,
        members bytea NOT NULL,
        control bytea NOT NULL,
        codes bytea NOT NULL,
        epochs bytea NOT NULL,
        first_epoch integer NOT NULL,
        member_count integer NOT NULL,
        PRIMARY KEY (campaign_id, block)
      );
      CREATE TABLE audience_change (
        campaign_id uuid NOT NULL,
        block integer NOT NULL,
        position text COLLATE "C" NOT NULL,
        database_id uuid NOT NULL,
        at timestamptz NOT NULL,
        cause text NOT NULL,
        -- the newcomers of one batch were drawn together
        batch text NOT NULL,
        epoch integer NOT NULL,
        entered bytea,
        entered_count integer NOT NULL,
        codes bytea,
        control bytea,
        left_members bytea,
        to_test bytea,
        PRIMARY KEY (campaign_id, block, position)
      );
      CREATE INDEX ON audience_change (database_id, block);
      CREATE INDEX ON audience_change (campaign_id, batch);
      CREATE TABLE audience_plan (
        campaign_id uuid NOT NULL,
        run_id uuid NOT NULL,
        block integer NOT NULL,
        newcomers bytea NOT NULL,
        newcomer_count integer NOT NULL,
        codes bytea NOT NULL,
        leavers bytea NOT NULL,
        leaver_count integer NOT NULL,
        control bytea,
        strata jsonb NOT NULL,
        PRIMARY KEY (campaign_id, run_id, block)
      );
      ${uncompressed('audience_block', ['members', 'control', 'codes', 'epochs'])}
      ${uncompressed('audience_change', ['entered', 'codes', 'control', 'left_members', 'to_test'])}
      ${uncompressed('audience_plan', ['newcomers', 'codes', 'leavers', 'control'])}
    `);
  },

  async apply(events, client) {
    const writer = new AudienceWriter(client);
    for (const stored of events) await writer.apply(stored);
    await writer.flush();
  },
};

/** Sets and deflated codes do not shrink any further: trying costs time at every write. */
export function uncompressed(table: string, columns: readonly string[]): string {
  return `ALTER TABLE ${table} ${columns.map((column) => `ALTER COLUMN ${column} SET STORAGE EXTERNAL`).join(', ')};`;
}
