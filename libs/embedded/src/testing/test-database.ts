import { randomBytes } from 'node:crypto';
import { Client } from 'pg';

/** An empty database of its own for one spec file. */
export interface TestDatabase {
  readonly connectionString: string;
  /** Drops the database, whoever is still connected. */
  drop(): Promise<void>;
}

/** Where the server of this run is told to the test processes. */
export const SERVER_VARIABLE = 'MUSTER_TEST_POSTGRES';

/**
 * A fresh database (UTF8, C.UTF-8) on the Postgres of this test run, or on that of `TEST_DATABASE_URL`. Call it in
 * `beforeAll` and `drop()` in `afterAll`. Databases are apart; roles belong to the whole server, so create them with
 * tolerance for others doing the same.
 */
export async function createTestDatabase(): Promise<TestDatabase> {
  const server = process.env['TEST_DATABASE_URL'] ?? process.env[SERVER_VARIABLE];
  if (server === undefined || server === '') {
    throw new Error('No Postgres for tests: name the file *.int.spec.ts or *.e2e.spec.ts and run it with jest.');
  }
  const name = `muster_test_${randomBytes(6).toString('hex')}`;
  await runOn(
    server,
    `CREATE DATABASE ${name} TEMPLATE template0 ENCODING 'UTF8' LOCALE_PROVIDER builtin BUILTIN_LOCALE 'C.UTF-8' LOCALE 'C'`,
  );
  const url = new URL(server);
  url.pathname = `/${name}`;
  return {
    connectionString: url.href,
    drop: () => runOn(server, `DROP DATABASE IF EXISTS ${name} WITH (FORCE)`),
  };
}

async function runOn(connectionString: string, statement: string): Promise<void> {
  const client = new Client({ connectionString });
  await client.connect();
  try {
    await client.query(statement);
  } finally {
    await client.end();
  }
}
