import type { MigrationInterface, QueryRunner } from 'typeorm';

/** Profile databases: their tables, imports, interactions and strata. Tables of profiles are made per database. */
export class ProfileDatabases1763776800000 implements MigrationInterface {
  readonly name = 'ProfileDatabases1763776800000';

  async up(runner: QueryRunner): Promise<void> {
    await runner.query(tables);
    await runner.query(imports);
    await runner.query(published);
  }

  async down(runner: QueryRunner): Promise<void> {
    await runner.query(`
      DROP VIEW published_database, published_stratum, published_attribute_change;
      DROP TABLE profile_table, attribute_change, import, import_chunk, import_rejection, import_touched,
        idempotency, stratification_definition, stratum;
    `);
  }
}

const tables = `
  CREATE TABLE profile_table (
    database_id uuid PRIMARY KEY,
    suffix integer GENERATED ALWAYS AS IDENTITY UNIQUE,
    -- of the stream that the rest of the row was made from
    revision bigint NOT NULL,
    name text NOT NULL,
    salt text NOT NULL,
    fields jsonb NOT NULL,
    -- qualified: others read it from a schema of their own
    profile_view text NOT NULL
  );

  CREATE TABLE attribute_change (
    id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    database_id uuid NOT NULL,
    profile_no integer NOT NULL,
    at timestamptz NOT NULL,
    field text COLLATE "C" NOT NULL,
    old jsonb,
    new jsonb,
    source text NOT NULL
  );
  CREATE INDEX attribute_change_profile ON attribute_change (database_id, profile_no, at);

  -- answers of POSTs that have no aggregate, written with their effect
  CREATE TABLE idempotency (
    caller text NOT NULL,
    key text NOT NULL,
    body_hash text NOT NULL,
    answer jsonb NOT NULL,
    expires timestamptz NOT NULL,
    PRIMARY KEY (caller, key)
  );
  CREATE INDEX idempotency_expires ON idempotency (expires);

  CREATE TABLE stratification_definition (
    hash text PRIMARY KEY,
    definition jsonb NOT NULL
  );
  CREATE TABLE stratum (
    stratification_hash text NOT NULL REFERENCES stratification_definition (hash) ON DELETE CASCADE,
    code integer NOT NULL,
    stratum_hash text NOT NULL,
    label text NOT NULL,
    fields jsonb NOT NULL,
    PRIMARY KEY (stratification_hash, code)
  );
`;

const imports = `
  CREATE TABLE import (
    import_id uuid PRIMARY KEY,
    database_id uuid NOT NULL,
    mode text NOT NULL,
    options jsonb NOT NULL,
    actor jsonb NOT NULL,
    correlation_id text NOT NULL,
    fill_segment_id uuid,
    state text NOT NULL,
    reason text,
    layout jsonb,
    bytes bigint NOT NULL DEFAULT 0,
    -- the cursor: everything before it is done
    next_offset bigint NOT NULL DEFAULT 0,
    next_line bigint NOT NULL DEFAULT 1,
    rows_read bigint NOT NULL DEFAULT 0,
    rejected bigint NOT NULL DEFAULT 0,
    inserted bigint NOT NULL DEFAULT 0,
    updated bigint NOT NULL DEFAULT 0,
    unchanged bigint NOT NULL DEFAULT 0,
    created_at timestamptz NOT NULL DEFAULT date_trunc('milliseconds', now()),
    updated_at timestamptz NOT NULL DEFAULT now(),
    uploaded_at timestamptz,
    finished_at timestamptz
  );
  CREATE INDEX import_database ON import (database_id, created_at, import_id);
  CREATE INDEX import_open ON import (created_at) WHERE state IN ('uploading', 'queued', 'running');

  CREATE TABLE import_chunk (
    import_id uuid NOT NULL REFERENCES import ON DELETE CASCADE,
    seq integer NOT NULL,
    bytes bytea NOT NULL,
    PRIMARY KEY (import_id, seq)
  );
  -- compressing costs more than it saves: the bytes are read once and deleted
  ALTER TABLE import_chunk ALTER COLUMN bytes SET STORAGE EXTERNAL;

  CREATE TABLE import_rejection (
    import_id uuid NOT NULL REFERENCES import ON DELETE CASCADE,
    row_no bigint NOT NULL,
    line bigint NOT NULL,
    column_name text,
    value text,
    reason text NOT NULL,
    PRIMARY KEY (import_id, row_no)
  );

  CREATE TABLE import_touched (
    import_id uuid NOT NULL REFERENCES import ON DELETE CASCADE,
    block integer NOT NULL,
    profiles bytea NOT NULL,
    PRIMARY KEY (import_id, block)
  );
`;

const published = `
  CREATE VIEW published_database AS
    SELECT database_id, name, profile_view, fields FROM profile_table;
  CREATE VIEW published_stratum AS
    SELECT stratification_hash, code, stratum_hash, label, fields FROM stratum;
  CREATE VIEW published_attribute_change AS
    SELECT database_id, profile_no, at, field, old, new, source FROM attribute_change;

  DO $$ BEGIN
    IF EXISTS (SELECT FROM pg_roles WHERE rolname = 'muster_insights') THEN
      EXECUTE format('GRANT USAGE ON SCHEMA %I TO muster_insights', current_schema());
      GRANT SELECT ON published_database, published_stratum, published_attribute_change TO muster_insights;
    END IF;
  END $$;
`;
