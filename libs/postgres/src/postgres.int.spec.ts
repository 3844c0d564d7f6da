import type { Pool, PoolClient } from 'pg';
import { createTestDatabase, type TestDatabase } from '@muster/embedded/testing';
import { copyBinaryRow, copyBinaryRows, copyIn, createPool, isUnavailable, withTransaction } from './index';

let database: TestDatabase;
let pool: Pool;

beforeAll(async () => {
  database = await createTestDatabase();
  pool = createPool({ connectionString: database.connectionString, max: 3, applicationName: 'postgres spec' });
  await pool.query('CREATE TABLE row (value integer UNIQUE)');
});

afterEach(() => pool.query('TRUNCATE row'));

afterAll(async () => {
  await pool.end();
  await database.drop();
});

const count = async () => Number((await pool.query<{ n: string }>('SELECT count(*) AS n FROM row')).rows[0]?.n);

async function* lines(...values: readonly (string | Error)[]): AsyncGenerator<Buffer> {
  for (const value of values) {
    await Promise.resolve();
    if (value instanceof Error) throw value;
    yield Buffer.from(`${value}\n`);
  }
}

describe('a pool', () => {
  it('acts as its role and shows its name', async () => {
    const role = `role of ${database.connectionString.slice(-6)}`;
    await pool.query(`CREATE ROLE "${role}"`);
    const own = createPool({ connectionString: database.connectionString, role, applicationName: 'a name' });
    const { rows } = await own.query("SELECT current_user, current_setting('application_name') AS name");
    await own.end();
    await pool.query(`DROP ROLE "${role}"`);
    expect(rows).toEqual([{ current_user: role, name: 'a name' }]);
  });

  it('outlives connections that are lost, idle or checked out', async () => {
    const terminate = (client: PoolClient) => client.query('SELECT pg_terminate_backend(pg_backend_pid())');
    const client = await pool.connect();
    await expect(terminate(client).catch(isUnavailable)).resolves.toBe(true);
    client.release(true);
    expect(await count()).toBe(0);
  });

  it('says unavailable where nobody listens', async () => {
    const nowhere = createPool({ connectionString: 'postgres://nobody@127.0.0.1:1/nothing' });
    await expect(nowhere.query('SELECT 1').catch(isUnavailable)).resolves.toBe(true);
    await nowhere.end();
  });
});

describe('a transaction', () => {
  const insert = (client: PoolClient) => client.query('INSERT INTO row VALUES (1)');

  it('is committed when its work returns', async () => {
    expect(await withTransaction(pool, async (client) => (await insert(client)).rowCount)).toBe(1);
    expect(await count()).toBe(1);
  });

  it('is rolled back when its work throws', async () => {
    const work = withTransaction(pool, async (client) => {
      await insert(client);
      throw new Error('changed my mind');
    });
    await expect(work).rejects.toThrow('changed my mind');
    expect(await count()).toBe(0);
  });

  it('is no success when a statement failed and nobody said so', async () => {
    const work = withTransaction(pool, async (client) => {
      await insert(client);
      await insert(client).catch(() => undefined);
    });
    await expect(work).rejects.toThrow('rolled back');
    expect(await count()).toBe(0);
  });

  it('leaves no broken connection in the pool', async () => {
    for (let i = 0; i < 5; i++) {
      const work = withTransaction(pool, (client) => client.query('SELECT pg_terminate_backend(pg_backend_pid())'));
      await expect(work.catch(isUnavailable)).resolves.toBe(true);
    }
    expect(await count()).toBe(0);
  });
});

describe('binary rows', () => {
  let client: PoolClient;
  beforeEach(async () => {
    client = await pool.connect();
  });
  afterEach(() => {
    client.release();
  });

  it('come as typed arrays, in order, every byte right', async () => {
    const numbers: number[] = [];
    const codes: number[] = [];
    const select =
      'SELECT (g * 7919 % 2147483647)::int4, (g % 32768)::int2 FROM generate_series(1::int8, 60000) g ORDER BY g';
    const rows = await copyBinaryRows(client, select, ['int4', 'int2'], ([number, code], n) => {
      expect([number.length, code.length]).toEqual([n, n]);
      numbers.push(...number);
      codes.push(...code);
    });
    expect(rows).toBe(60_000);
    expect(numbers).toEqual(Array.from({ length: 60_000 }, (_, i) => ((i + 1) * 7919) % 2147483647));
    expect(codes).toEqual(Array.from({ length: 60_000 }, (_, i) => (i + 1) % 32768));
  });

  it('read 64 bits too, and nothing from nothing', async () => {
    const found: bigint[] = [];
    await copyBinaryRows(client, 'SELECT (-9007199254740993)::int8', ['int8'], ([values]) => {
      found.push(...values);
    });
    expect(found).toEqual([-9007199254740993n]);
    expect(await copyBinaryRows(client, 'SELECT 1::int4 WHERE false', ['int4'], () => undefined)).toBe(0);
  });

  it('come as the bytes of one row too, however many these are', async () => {
    const numbers = Buffer.alloc(4 * 200_000);
    for (let i = 0; i < 200_000; i++) numbers.writeInt32BE(i + 1, i * 4);
    const select = "SELECT string_agg(int4send(g), ''::bytea ORDER BY g), ''::bytea FROM generate_series(1, 200000) g";
    const [found, none] = await copyBinaryRow(client, select);
    expect(found?.equals(numbers)).toBe(true);
    expect(none).toHaveLength(0);
  });

  it.each([
    ['there is none', 'SELECT 1 WHERE false'],
    ['there are two', 'SELECT generate_series(1, 2)'],
    ['a column is NULL', 'SELECT NULL::bytea'],
  ])('are refused as one row when %s, and leave the client usable', async (_, select) => {
    await expect(copyBinaryRow(client, select)).rejects.toThrow('binary COPY');
    expect(await copyBinaryRow(client, 'SELECT int4send(7)')).toEqual([Buffer.from([0, 0, 0, 7])]);
  });

  it.each([
    ['the query is wrong', 'SELECT 1::int4 FROM nowhere'],
    ['it fails on the way', 'SELECT 1 / (g - 90000) FROM generate_series(1, 100000) g'],
    ['there is a NULL', 'SELECT nullif(g, 5)::int4 FROM generate_series(1, 100000) g'],
    ['a column has another type', 'SELECT g::int8 FROM generate_series(1, 100000) g'],
  ])('throw when %s, and leave the client usable', async (_, select) => {
    await expect(copyBinaryRows(client, select, ['int4'], () => undefined)).rejects.toThrow();
    expect((await client.query('SELECT 1 AS one')).rows).toEqual([{ one: 1 }]);
  });

  it('throw what their reader throws, and leave the client usable', async () => {
    const reading = copyBinaryRows(client, 'SELECT g::int4 FROM generate_series(1, 100000) g', ['int4'], () => {
      throw new Error('enough');
    });
    await expect(reading).rejects.toThrow('enough');
    expect((await client.query('SELECT 1 AS one')).rows).toEqual([{ one: 1 }]);
  });
});

describe('copying in', () => {
  const copy = (source: AsyncIterable<Buffer>) =>
    withTransaction(pool, (client) => copyIn(client, 'COPY row FROM STDIN', source));

  it('counts its rows', async () => {
    expect(await copy(lines('1', '2', '3'))).toBe(3);
    expect(await count()).toBe(3);
  });

  it.each([
    ['its source fails', lines('1', new Error('source')), 'source'],
    ['a row is wrong', lines('1', 'x'), 'invalid input syntax'],
    ['a row is refused', lines('1', '1'), 'duplicate key'],
  ])('does nothing when %s', async (_, source, message) => {
    await expect(copy(source)).rejects.toThrow(message);
    expect(await count()).toBe(0);
  });
});
