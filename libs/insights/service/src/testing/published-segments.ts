import { createPool } from '@muster/postgres';

export interface FakeProfile {
  readonly profileNo: number;
  readonly externalId: string;
  readonly age: number | null;
  readonly city: string | null;
}

/** Stands in for what `segments` publishes: one database with these profiles. */
export async function publishSegments(
  connectionString: string,
  databaseId: string,
  profiles: readonly FakeProfile[],
): Promise<void> {
  const pool = createPool({ connectionString, max: 1 });
  try {
    await pool.query(`
      CREATE TABLE segments.published_database (database_id uuid, name text, profile_view text, fields jsonb);
      CREATE TABLE segments.published_stratum (stratification_hash text, code int, stratum_hash text, label text, fields jsonb);
      CREATE TABLE segments.published_attribute_change (database_id uuid, profile_no int, at timestamptz, field text,
        old jsonb, new jsonb, source text);
      CREATE TABLE segments.profiles_v1_1 (profile_no int PRIMARY KEY, external_id text UNIQUE, age int, city text);
      GRANT USAGE ON SCHEMA segments TO muster_insights;
      GRANT SELECT ON ALL TABLES IN SCHEMA segments TO muster_insights;
    `);
    await pool.query('INSERT INTO segments.published_database VALUES ($1, $2, $3, $4)', [
      databaseId,
      'People',
      'segments.profiles_v1_1',
      JSON.stringify([
        { name: 'age', type: 'integer', column: 'c1' },
        { name: 'city', type: 'string', column: 'c2' },
      ]),
    ]);
    await pool.query(
      'INSERT INTO segments.profiles_v1_1 SELECT * FROM unnest($1::int[], $2::text[], $3::int[], $4::text[])',
      [
        profiles.map(({ profileNo }) => profileNo),
        profiles.map(({ externalId }) => externalId),
        profiles.map(({ age }) => age),
        profiles.map(({ city }) => city),
      ],
    );
  } finally {
    await pool.end();
  }
}

export async function publishStrata(
  connectionString: string,
  stratification: string,
  strata: readonly { readonly hash: string; readonly label: string }[],
): Promise<void> {
  const pool = createPool({ connectionString, max: 1 });
  try {
    for (const [code, { hash, label }] of strata.entries()) {
      await pool.query('INSERT INTO segments.published_stratum VALUES ($1, $2, $3, $4, $5)', [
        stratification,
        code,
        hash,
        label,
        '{}',
      ]);
    }
  } finally {
    await pool.end();
  }
}
