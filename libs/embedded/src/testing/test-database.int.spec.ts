import { Client } from 'pg';
import { createTestDatabase } from './test-database';

async function ask(connectionString: string, query: string): Promise<unknown[]> {
  const client = new Client({ connectionString });
  await client.connect();
  try {
    return (await client.query(query)).rows;
  } finally {
    await client.end();
  }
}

describe('a test database', () => {
  it('is empty, apart from every other, and compares text by code point', async () => {
    const first = await createTestDatabase();
    const second = await createTestDatabase();
    try {
      await ask(first.connectionString, 'CREATE TABLE profile (number int)');
      expect(await ask(second.connectionString, `SELECT to_regclass('profile')::text AS found`)).toEqual([
        { found: null },
      ]);
      const settings = `SELECT getdatabaseencoding() AS encoding, datlocale AS locale, 'Z' < 'a' AS by_code_point
                        FROM pg_database WHERE datname = current_database()`;
      expect(await ask(first.connectionString, settings)).toEqual([
        { encoding: 'UTF8', locale: 'C.UTF-8', by_code_point: true },
      ]);
    } finally {
      await Promise.all([first.drop(), second.drop()]);
    }
  });

  it('can be dropped while somebody is connected', async () => {
    const database = await createTestDatabase();
    const lingering = new Client({ connectionString: database.connectionString });
    const lost = new Promise((resolve) => lingering.on('error', resolve));
    await lingering.connect();
    await database.drop();
    expect(await lost).toBeInstanceOf(Error);
    await expect(ask(database.connectionString, 'SELECT 1')).rejects.toThrow('does not exist');
  });
});
