import type { MigrationInterface, QueryRunner } from 'typeorm';

/** What was filed for the audiences' workers, how far each of them is, and what is in their way. */
export class Audiences1769000003000 implements MigrationInterface {
  async up(runner: QueryRunner): Promise<void> {
    await runner.query(`
      CREATE TABLE intake (
        id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
        source_stream text COLLATE "C" NOT NULL,
        revision integer NOT NULL,
        n integer NOT NULL,
        kind text COLLATE "C" NOT NULL,
        key text COLLATE "C" NOT NULL,
        payload text NOT NULL,
        correlation_id text NOT NULL,
        causation_id text,
        filed_at timestamptz NOT NULL DEFAULT now(),
        UNIQUE (source_stream, revision, n)
      )`);
    await runner.query(`ALTER TABLE intake ALTER COLUMN payload SET STORAGE EXTERNAL`);
    await runner.query(`
      CREATE TABLE inbox (
        consumer text COLLATE "C" NOT NULL,
        source_stream text COLLATE "C" NOT NULL,
        revision integer NOT NULL,
        n integer NOT NULL,
        PRIMARY KEY (consumer, source_stream)
      )`);
    await runner.query(`
      CREATE TABLE audience_work (
        campaign_id uuid PRIMARY KEY,
        campaign_stream text COLLATE "C" NOT NULL,
        campaign_revision integer NOT NULL DEFAULT -1,
        segment_stream text COLLATE "C",
        segment_revision integer NOT NULL DEFAULT -1,
        state text COLLATE "C" NOT NULL DEFAULT 'idle'
      )`);
    await runner.query(`CREATE INDEX ON audience_work (segment_stream) WHERE state <> 'idle'`);
    await runner.query(`
      CREATE TABLE parked (
        campaign_id uuid NOT NULL,
        source_stream text COLLATE "C" NOT NULL,
        revision integer NOT NULL,
        attempts integer NOT NULL,
        reason text NOT NULL,
        retry_at timestamptz NOT NULL,
        PRIMARY KEY (campaign_id, source_stream)
      )`);
    await runner.query(`
      CREATE TABLE staged_change (
        campaign_id uuid NOT NULL,
        source_stream text COLLATE "C" NOT NULL,
        revision integer NOT NULL,
        newcomers bytea NOT NULL,
        codes bytea NOT NULL,
        leavers bytea NOT NULL,
        PRIMARY KEY (campaign_id, source_stream)
      )`);
  }

  async down(runner: QueryRunner): Promise<void> {
    await runner.query('DROP TABLE staged_change, parked, audience_work, inbox, intake');
  }
}
