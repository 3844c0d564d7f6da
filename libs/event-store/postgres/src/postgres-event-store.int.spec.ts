import { randomUUID } from 'node:crypto';
import { rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Pool } from 'pg';
import { EmbeddedPostgres, throwawaySettings, type RunningPostgres } from '@muster/embedded';
import { createTestDatabase, type TestDatabase } from '@muster/embedded/testing';
import { eventStoreConformance } from '@muster/event-store-testing';
import { copyIn, createPool, withTransaction } from '@muster/postgres';
import { PostgresEventStore } from './index';

let database: TestDatabase;
let otherDatabase: TestDatabase;
const pools: Pool[] = [];

beforeAll(async () => {
  database = await createTestDatabase();
  otherDatabase = await createTestDatabase();
});

afterAll(async () => {
  await Promise.all(pools.map((pool) => pool.end()));
  await Promise.all([database.drop(), otherDatabase.drop()]);
});

function poolOf(connectionString: string): Pool {
  const pool = createPool({ connectionString, max: 4 });
  pools.push(pool);
  return pool;
}

/** A server of its own, which can be stopped without taking it from other specs. */
class OwnServer {
  private readonly dataDir = join(tmpdir(), `event-store-${randomUUID()}`);
  private server: RunningPostgres | undefined;
  private connectionString = '';
  private port: number | undefined;

  async start(): Promise<void> {
    if (this.server) return;
    const where = this.port === undefined ? {} : { port: this.port };
    this.server = await new EmbeddedPostgres({ dataDir: this.dataDir, settings: throwawaySettings, ...where }).start();
    this.port = this.server.port;
    this.connectionString = this.server.connectionString;
  }

  async stop(): Promise<void> {
    await this.server?.stop();
    this.server = undefined;
  }

  async open(): Promise<PostgresEventStore> {
    await this.start();
    return PostgresEventStore.open({ pool: poolOf(this.connectionString) });
  }

  async remove(): Promise<void> {
    await this.stop();
    await rm(this.dataDir, { recursive: true, force: true });
  }
}

const ownServer = new OwnServer();
afterAll(() => ownServer.remove());

eventStoreConformance('PostgresEventStore', {
  open: () => PostgresEventStore.open({ pool: poolOf(database.connectionString) }),
  openFor: (allowedCategories) =>
    PostgresEventStore.open({ pool: poolOf(database.connectionString), allowedCategories }),
  besideLongWrite: async (work) => {
    const copies = [database, otherDatabase].map(({ connectionString }) => copyWhile(poolOf(connectionString)));
    try {
      await work();
    } finally {
      await Promise.all(copies.map((stop) => stop()));
    }
  },
  outage: {
    open: () => ownServer.open(),
    begin: () => ownServer.stop(),
    end: () => ownServer.start(),
  },
});

/** A COPY that goes on, uncommitted, until the result is called. */
function copyWhile(pool: Pool): () => Promise<void> {
  let going = true;
  const copy = withTransaction(pool, async (client) => {
    await client.query('CREATE TABLE IF NOT EXISTS long_copy (value integer)');
    await copyIn(client, 'COPY long_copy FROM STDIN', rows());
  });
  async function* rows(): AsyncGenerator<Buffer> {
    while (going) {
      yield Buffer.from('1\n'.repeat(1_000));
      await new Promise((resolve) => setTimeout(resolve, 1));
    }
  }
  return async () => {
    going = false;
    await copy;
  };
}
