import { createTestDatabase, type TestDatabase } from '@muster/embedded/testing';
import { roleOf, SERVICE_CONTEXTS } from '@muster/platform/config';
import type { TestApp } from '@muster/platform/testing';
import { createPool } from '@muster/postgres';
import { randomBytes } from 'node:crypto';
import { startServices } from './installation';
import { musterOps } from './muster-ops';

jest.setTimeout(120_000);

let database: TestDatabase;
let databaseUrl: string;
let app: TestApp;
const user = `muster_plain_${randomBytes(4).toString('hex')}`;

/** As `docs/operations.md` asks for it: no superuser, and with no rights of the contexts' roles but to act as them. */
beforeAll(async () => {
  database = await createTestDatabase();
  const pool = createPool({ connectionString: database.connectionString });
  await pool.query(`CREATE ROLE ${user} LOGIN PASSWORD 'plain' NOSUPERUSER CREATEROLE`);
  for (const role of SERVICE_CONTEXTS.map(roleOf)) {
    await pool.query(`CREATE ROLE ${role} NOLOGIN`).catch(() => undefined);
    await pool.query(`GRANT ${role} TO ${user} WITH INHERIT FALSE, SET TRUE`);
  }
  const url = new URL(database.connectionString);
  await pool.query(`ALTER DATABASE ${url.pathname.slice(1)} OWNER TO ${user}`);
  await pool.end();
  Object.assign(url, { username: user, password: 'plain' });
  databaseUrl = url.href;
  app = await startServices(databaseUrl);
});
afterAll(async () => {
  await app.close();
  const pool = createPool({ connectionString: database.connectionString });
  await pool.query(`REASSIGN OWNED BY ${user} TO CURRENT_USER`);
  await pool.query(`DROP OWNED BY ${user}`);
  await pool.query(`DROP ROLE ${user}`);
  await pool.end();
  await database.drop();
});

it.each([
  [['projections', 'list']],
  [['projections', 'rebuild', 'campaigns.campaigns', '--wait', '60']],
  [['checkpoints', 'list']],
  [['checkpoints', 'reset', 'audiences.intake', '--to', 'start', '--yes']],
  [['parked', 'list']],
  [['verify', 'log']],
])('the user of the services may do it: %j', async (args) => {
  const { code, err } = await musterOps({ DATABASE_URL: databaseUrl }, ...args);
  expect([code, err.replace('Nothing is set aside.\n', '')]).toEqual([0, '']);
});
