import { withSessionLock } from '@muster/postgres';
import { escapeIdentifier, escapeLiteral, type Pool } from 'pg';

/** Raised with every change of the DDL below; a store of an older version is brought up by `migrate`. */
const SCHEMA_VERSION = 1;

export interface MigrateOptions {
  /** Default `event_store`. */
  readonly schema?: string;
  /** Roles that may read the log and append to it. The adapter of each keeps it to its own categories. */
  readonly grantTo?: readonly string[];
}

export const DEFAULT_SCHEMA = 'event_store';

/** Creates what the store needs where it is missing. Any number of processes may do so at once. Returns the store's id. */
export async function migrate(pool: Pool, options: MigrateOptions = {}): Promise<string> {
  const schema = options.schema ?? DEFAULT_SCHEMA;
  const grantTo = options.grantTo ?? [];
  const existing = await currentStore(pool, schema);
  if (existing?.version === SCHEMA_VERSION && (await haveRights(pool, schema, grantTo))) return existing.storeId;
  await withSessionLock(pool, `event store schema ${schema}`, async (client) => {
    await client.query('BEGIN');
    if (!(await currentStore(client, schema))) {
      await client.query(ddl(schema));
    }
    for (const role of grantTo) await client.query(grants(schema, role));
    await client.query('COMMIT');
  });
  const store = await currentStore(pool, schema);
  if (store?.version !== SCHEMA_VERSION) {
    throw new Error(
      `schema ${schema} holds an event store of version ${String(store?.version)}, not ${String(SCHEMA_VERSION)}`,
    );
  }
  return store.storeId;
}

/** Who connects as one of them owns nothing here: where all is as it should be, nothing is granted. */
async function haveRights(pool: Pool, schema: string, roles: readonly string[]): Promise<boolean> {
  const [store, event] = ['store', 'event'].map((table) => `${escapeIdentifier(schema)}.${table}`);
  const { rows } = await pool.query<{ all: boolean }>(
    `SELECT coalesce(bool_and(has_schema_privilege(role, $1, 'USAGE') AND has_table_privilege(role, $2, 'SELECT')
       AND has_table_privilege(role, $3, 'SELECT') AND has_table_privilege(role, $3, 'INSERT')), true) AS "all"
     FROM unnest($4::text[]) AS role`,
    [schema, store, event, roles],
  );
  return rows[0]?.all === true;
}

interface StoreRow {
  readonly storeId: string;
  readonly version: number;
}

async function currentStore(db: Pick<Pool, 'query'>, schema: string): Promise<StoreRow | undefined> {
  const table = `${escapeIdentifier(schema)}.store`;
  const found = await db.query<{ exists: boolean }>('SELECT to_regclass($1) IS NOT NULL AS exists', [table]);
  if (!found.rows[0]?.exists) return undefined;
  const { rows } = await db.query<StoreRow>(`SELECT store_id AS "storeId", version FROM ${table}`);
  return rows[0];
}

function grants(schema: string, role: string): string {
  const [s, r] = [escapeIdentifier(schema), escapeIdentifier(role)];
  return `
    GRANT USAGE ON SCHEMA ${s} TO ${r};
    GRANT SELECT ON ${s}.store TO ${r};
    GRANT SELECT, INSERT ON ${s}.event TO ${r};
    GRANT EXECUTE ON FUNCTION ${s}.append_all TO ${r};`;
}

/**
 * One table. The end of the log and of every stream is found in an index, under the one lock that every append holds
 * to its commit: so positions have no gaps, are handed out in commit order, and a reader of `position > n` can neither
 * miss nor reorder an event, whatever else runs in the cluster. Nothing is ever updated, so nothing bloats.
 *
 * `data` and `metadata` are JSON text in UTF-8, not `jsonb`, which refuses \\u0000 and rewrites text. They are not
 * compressed: sets do not compress, and some servers are built without lz4.
 */
function ddl(schema: string): string {
  const s = escapeIdentifier(schema);
  return `
CREATE SCHEMA IF NOT EXISTS ${s};

CREATE TABLE ${s}.store (
  one boolean PRIMARY KEY DEFAULT true CHECK (one),
  store_id uuid NOT NULL DEFAULT gen_random_uuid(),
  version integer NOT NULL
);
INSERT INTO ${s}.store (version) VALUES (${String(SCHEMA_VERSION)});

CREATE TABLE ${s}.event (
  position bigint PRIMARY KEY,
  stream text COLLATE "C" NOT NULL,
  revision integer NOT NULL,
  id uuid NOT NULL,
  type text COLLATE "C" NOT NULL,
  data bytea NOT NULL,
  metadata bytea NOT NULL,
  UNIQUE (stream, revision)
);
ALTER TABLE ${s}.event ALTER COLUMN data SET STORAGE EXTERNAL, ALTER COLUMN metadata SET STORAGE EXTERNAL;

-- Several appends, each all or nothing and with its own answer, in one commit.
-- p_expected: 0 and more the exact revision, -1 no stream, -2 any, -4 the stream exists.
-- Event e stands in p_bytes from p_starts[e] (from 1): p_data[e] bytes of data, then p_metadata[e] bytes of metadata.
CREATE FUNCTION ${s}.append_all(
  p_streams text[], p_expected bigint[], p_counts integer[],
  p_ids uuid[], p_types text[], p_starts integer[], p_data integer[], p_metadata integer[], p_bytes bytea)
RETURNS TABLE (accepted boolean, at_revision integer, at_position bigint)
LANGUAGE plpgsql
SET enable_seqscan = off -- plans are kept; one made while the log was empty must not scan it for ever
AS $$
DECLARE
  v_head bigint;
  v_from integer;
  v_to integer;
  v_count integer;
  v_expected bigint;
  v_first integer;
  v_same integer;
BEGIN
  PERFORM pg_advisory_xact_lock(hashtext('event store append'), hashtext(${escapeLiteral(schema)}));
  SELECT e.position INTO v_head FROM ${s}.event e ORDER BY e.position DESC LIMIT 1;
  v_head := coalesce(v_head, 0);
  v_to := 0;
  FOR i IN 1 .. cardinality(p_streams) LOOP
    v_count := p_counts[i];
    v_from := v_to + 1;
    v_to := v_to + v_count;
    v_expected := p_expected[i];
    SELECT e.revision INTO at_revision FROM ${s}.event e
      WHERE e.stream = p_streams[i] ORDER BY e.revision DESC LIMIT 1;
    at_revision := coalesce(at_revision, -1);
    accepted := true;

    -- Where these events would stand if this append had been made before. The first id says nearly always that it was not.
    v_first := CASE
      WHEN v_expected >= -1 AND v_expected < at_revision THEN v_expected + 1
      WHEN v_expected < -1 AND at_revision + 1 >= v_count THEN at_revision - v_count + 1 END;
    IF (SELECT e.id FROM ${s}.event e WHERE e.stream = p_streams[i] AND e.revision = v_first) = p_ids[v_from] THEN
      SELECT count(*), max(e.position) INTO v_same, at_position
        FROM unnest(p_ids[v_from:v_to]) WITH ORDINALITY u (id, n)
        JOIN ${s}.event e ON e.stream = p_streams[i] AND e.revision = v_first + u.n - 1 AND e.id = u.id;
      IF v_same = v_count THEN
        at_revision := v_first + v_count - 1;
        RETURN NEXT;
        CONTINUE;
      END IF;
    END IF;

    IF (v_expected >= -1 AND v_expected <> at_revision) OR (v_expected = -4 AND at_revision < 0) THEN
      accepted := false;
      at_position := NULL;
      RETURN NEXT;
      CONTINUE;
    END IF;

    INSERT INTO ${s}.event (position, stream, revision, id, type, data, metadata)
      SELECT v_head + u.n, p_streams[i], at_revision + u.n, u.id, u.type,
        substr(p_bytes, u.start, u.data), substr(p_bytes, u.start + u.data, u.metadata)
      FROM unnest(p_ids[v_from:v_to], p_types[v_from:v_to], p_starts[v_from:v_to], p_data[v_from:v_to], p_metadata[v_from:v_to])
        WITH ORDINALITY u (id, type, start, data, metadata, n);
    v_head := v_head + v_count;
    at_revision := at_revision + v_count;
    at_position := v_head;
    RETURN NEXT;
  END LOOP;
END $$;
`;
}
