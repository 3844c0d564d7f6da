import { createTestDatabase, type TestDatabase } from '@muster/embedded/testing';
import { SYSTEM } from '@muster/kernel';
import { createPool } from '@muster/postgres';
import { randomUUID } from 'node:crypto';
import type { Pool } from 'pg';
import { missingInDatabase } from '../service/database-need';
import { createStorePool, openStore } from '../store';
import { mayPrepare, prepareDatabase } from './prepare-database';
import { createLogin, loginOf } from './roles';
import { roleOf } from './service-context';

const PASSWORD = `it's "${randomUUID()}"`;

let database: TestDatabase;
let admin: Pool;
/** The address for the user of campaigns. */
let url: string;
let campaigns: Pool;

beforeAll(async () => {
  database = await createTestDatabase();
  admin = createPool({ connectionString: database.connectionString });
  // Logins belong to the whole server, and the database is not prepared yet.
  const other = await createTestDatabase();
  const elsewhere = createPool({ connectionString: other.connectionString });
  await prepareDatabase(elsewhere, { logInPostgres: true });
  await createLogin(elsewhere, 'campaigns', 'another one, once');
  await createLogin(elsewhere, 'campaigns', PASSWORD);
  await elsewhere.end();
  await other.drop();
  const address = new URL(database.connectionString);
  address.username = loginOf('campaigns');
  address.password = encodeURIComponent(PASSWORD);
  url = address.href;
  campaigns = createStorePool(url);
});
afterAll(async () => {
  await campaigns.end();
  await admin.end();
  await database.drop();
});

const refusal = (statement: string): Promise<string> =>
  campaigns.query(statement).then(
    () => 'done',
    (error: unknown) => String(error),
  );

describe('a service with a user of its own', () => {
  it('waits until somebody has prepared the database, and says who can', async () => {
    expect(await mayPrepare(campaigns)).toBe(false);
    expect(await missingInDatabase(url, [])).toContain('run `muster-ops database apply`');
    await prepareDatabase(admin, { logInPostgres: true });
    expect(await missingInDatabase(url, [])).toBeNull();
  });

  it('is told when Postgres does not know it, or not with this password', async () => {
    const wrong = new URL(url);
    wrong.password = 'sesame';
    const reason = await missingInDatabase(wrong.href, []);
    expect(reason).toContain('refuses the user muster_campaigns_service (28P01): its password is wrong, or');
    expect(reason).not.toContain('sesame');
  });

  it('waits for the views of another one although its schema is closed to it yet', async () => {
    expect(await missingInDatabase(url, ['insights.published'])).toContain('insights.published not there yet');
  });

  it('opens the log and appends to it, and keeps its own tables', async () => {
    const store = await openStore(campaigns, { databaseUrl: url, logLevel: 'silent' });
    const metadata = { v: 1, time: '2026-01-01T00:00:00.000Z', actor: SYSTEM, correlationId: randomUUID() };
    const event = { id: randomUUID(), type: 'Happened', data: {}, metadata };
    const stream = `campaign-${randomUUID()}`;
    await store.append(stream, 'noStream', [event]);
    await store.close();
    const own = createPool({ connectionString: url, role: roleOf('campaigns') });
    await own.query('CREATE TABLE campaigns.mine (id integer); INSERT INTO campaigns.mine VALUES (1)');
    await own.end();
  });

  it('reaches nothing of another context, and makes no roles', async () => {
    await admin.query('SET ROLE muster_segments; CREATE TABLE segments.theirs (id integer); RESET ROLE');
    expect(await refusal('SELECT FROM segments.theirs')).toContain('permission denied');
    expect(await refusal('SET ROLE muster_segments')).toContain('permission denied');
    expect(await refusal('CREATE ROLE somebody')).toContain('permission denied');
    expect(await refusal('UPDATE event_store.event SET stream = stream')).toContain('permission denied');
    expect(await refusal('DROP TABLE platform.snapshot')).toContain('must be owner');
  });
});
