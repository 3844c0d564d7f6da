import { createTestDatabase, type TestDatabase } from '@muster/embedded/testing';
import { createPool } from '@muster/postgres';
import { randomBytes } from 'node:crypto';
import { musterOps } from './muster-ops';

let database: TestDatabase;
const password = randomBytes(16).toString('hex');

beforeAll(async () => {
  database = await createTestDatabase();
});
afterAll(() => database.drop());

function insights(secret: string): string {
  const url = new URL(database.connectionString);
  url.username = 'muster_insights_service';
  url.password = secret;
  return url.href;
}

describe('muster-ops database apply', () => {
  it('prepares an empty database, and makes users for the services that have passwords', async () => {
    const env = { DATABASE_URL: database.connectionString, INSIGHTS_DB_PASSWORD: password };
    const { code, out } = await musterOps(env, 'database', 'apply');
    expect({ code, out }).toEqual({
      code: 0,
      out: 'Roles, schemas and tables are there, those of the log too.\nmuster_insights_service: logs in with its password\n',
    });
    const pool = createPool({ connectionString: insights(password) });
    expect((await pool.query('SELECT count(*)::int AS n FROM event_store.event')).rows).toEqual([{ n: 0 }]);
    await pool.end();
  });

  it('changes the password when it is run again', async () => {
    const changed = `${password}2`;
    const env = { DATABASE_URL: database.connectionString, INSIGHTS_DB_PASSWORD: changed };
    expect((await musterOps(env, 'database', 'apply')).code).toBe(0);
    const pools = [password, changed].map((secret) => createPool({ connectionString: insights(secret) }));
    const answers = await Promise.allSettled(pools.map((pool) => pool.query('SELECT 1')));
    expect(answers.map(({ status }) => status)).toEqual(['rejected', 'fulfilled']);
    await Promise.all(pools.map((pool) => pool.end()));
  });

  it('refuses a user that may make no roles, and says what it needs', async () => {
    const { code, err } = await musterOps({ DATABASE_URL: insights(`${password}2`) }, 'database', 'apply');
    expect(code).toBe(1);
    expect(err).toContain('may make no roles: take one with CREATEROLE');
  });

  it('refuses a short password before it does anything, and does not repeat it', async () => {
    const env = { DATABASE_URL: database.connectionString, INSIGHTS_DB_PASSWORD: 'sesame' };
    const { code, err, out } = await musterOps(env, 'database', 'apply');
    expect({ code, out }).toEqual({ code: 2, out: '' });
    expect(err).toContain('INSIGHTS_DB_PASSWORD is too short');
    expect(err).not.toContain('sesame');
  });
});
