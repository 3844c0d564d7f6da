import { createTestDatabase, type TestDatabase } from '@muster/embedded/testing';
import { EventStoreDbDouble } from '@muster/event-store-eventstoredb/testing';
import type { OperatedBus } from '@muster/messaging';
import { createPool } from '@muster/postgres';
import { Controller, Get, Injectable, Module } from '@nestjs/common';
import { createServer, type AddressInfo } from 'node:net';
import { once } from 'node:events';
import { setTimeout as sleep } from 'node:timers/promises';
import { INTEGRATION_BUS, KEY_VERIFIER } from '../tokens';
import { ConfigError } from '../config/variables';
import { Public } from '../http/access.decorators';
import { Dependencies } from '../operations/dependencies';
import { TestKeys } from '../testing/test-keys';
import { startProcess, type KeyIssuer, type ServiceDefinition } from './start-process';

const MINUTE = 60_000;
const issued: string[] = [];

@Injectable()
class Issuer implements KeyIssuer {
  ensureBootstrapKey({ name, roles }: { name: string; roles: readonly string[] }): Promise<void> {
    issued.push(`${name}: ${roles.join(' ')}`);
    return Promise.resolve();
  }
}

@Controller('hello')
class HelloController {
  @Public()
  @Get()
  hello(): object {
    return { hello: 'world' };
  }
}

@Module({
  controllers: [HelloController],
  providers: [Issuer, { provide: KEY_VERIFIER, useClass: TestKeys }],
  exports: [KEY_VERIFIER],
})
class HelloModule {}

const hello: ServiceDefinition<'serviceApiKey'> = {
  title: 'Hello',
  port: 1,
  requires: ['serviceApiKey'],
  modules: () => [{ module: HelloModule, global: true }],
  keys: Issuer,
  readsFrom: ['other.published'],
};

let database: TestDatabase;
let port: number;
let env: Record<string, string>;

const key = (digit: string): string => `mk_00000000-0000-4000-8000-00000000000${digit}_${'s'.repeat(32)}`;
const get = async (path: string): Promise<{ status: number; body: Record<string, unknown> }> => {
  const response = await fetch(`http://127.0.0.1:${String(port)}${path}`);
  return { status: response.status, body: (await response.json()) as Record<string, unknown> };
};

async function reasonsWith(text: string): Promise<void> {
  for (let tries = 0; tries < 200; tries++) {
    const { body } = await get('/health/ready').catch(() => ({ body: {} }));
    if (JSON.stringify(body).includes(text)) return;
    await sleep(50);
  }
  throw new Error(`readiness never said: ${text}`);
}

beforeAll(async () => {
  database = await createTestDatabase();
  const probe = createServer().listen(0, '127.0.0.1');
  await once(probe, 'listening');
  ({ port } = probe.address() as AddressInfo);
  probe.close();
  env = {
    DATABASE_URL: database.connectionString,
    PORT: String(port),
    LOG_LEVEL: 'silent',
    ADMIN_API_KEY: key('1'),
    SERVICE_API_KEY: key('2'),
  };
});
afterAll(() => database.drop());

describe('a service as a process of its own', () => {
  it(
    'says on its port what it waits for, and starts when that is there',
    async () => {
      const starting = startProcess(hello, env, new AbortController().signal);
      await reasonsWith('other.published not there yet');
      expect((await get('/health/live')).status).toBe(200);
      expect((await get('/health/ready')).status).toBe(503);
      expect(await get('/api/v1/hello')).toMatchObject({ status: 503, body: { code: 'DEPENDENCY_UNAVAILABLE' } });
      expect(issued).toEqual([]);
      const pool = createPool({ connectionString: database.connectionString });
      await pool.query('CREATE SCHEMA other; CREATE VIEW other.published AS SELECT 1 AS one');
      await pool.end();
      const app = await starting;
      expect(await get('/api/v1/hello')).toEqual({ status: 200, body: { hello: 'world' } });
      expect(issued).toEqual(['ADMIN_API_KEY: admin', 'SERVICE_API_KEY: service']);
      expect(await get('/health/ready')).toEqual({ status: 200, body: { status: 'ready', reasons: [] } });
      app.get(Dependencies).add(() => Promise.resolve('the moon is away'));
      expect((await get('/health/ready')).body).toEqual({ status: 'degraded', reasons: ['the moon is away'] });
      await app.close();
    },
    MINUTE,
  );

  it(
    'waits for Postgres, and gives up when it is told to end',
    async () => {
      const ending = new AbortController();
      const nowhere = { ...env, DATABASE_URL: 'postgres://u:sesame@127.0.0.1:1/muster' };
      const starting = startProcess(hello, nowhere, ending.signal);
      await reasonsWith('Postgres at 127.0.0.1:1 does not take connections (ECONNREFUSED)');
      expect(JSON.stringify((await get('/health/ready')).body)).not.toContain('sesame');
      ending.abort();
      await expect(starting).rejects.toThrow();
      await expect(get('/health/live')).rejects.toThrow('fetch failed');
    },
    MINUTE,
  );

  it(
    'waits for EventStoreDB where the events are there, and starts when it answers',
    async () => {
      const own = await createTestDatabase();
      const double = await EventStoreDbDouble.start();
      await double.kill();
      const [address = ''] = /[^/@]+(?=\?)/.exec(double.connectionString) ?? [];
      const there = { EVENT_STORE: 'eventstoredb', EVENTSTOREDB_URL: `esdb://admin:sesame@${address}?tls=false` };
      const starting = startProcess(
        { ...hello, readsFrom: [] },
        { ...env, ...there, DATABASE_URL: own.connectionString },
        new AbortController().signal,
      );
      await reasonsWith(`EventStoreDB at ${address} does not answer (ECONNREFUSED)`);
      expect(JSON.stringify((await get('/health/ready')).body)).not.toContain('sesame');
      expect((await get('/health/live')).status).toBe(200);
      await double.restart();
      const app = await starting;
      expect(await get('/health/ready')).toEqual({ status: 200, body: { status: 'ready', reasons: [] } });
      await app.close();
      await double.stop();
      await own.drop();
    },
    MINUTE,
  );

  it(
    'publishes no feed of another context over Kafka, whose translation it only has for the bus without a broker',
    async () => {
      const own = await createTestDatabase();
      const translate = (): Promise<[]> => Promise.resolve([]);
      const app = await startProcess(
        { ...hello, readsFrom: [], translations: [{ context: 'campaigns', categories: ['campaign'], translate }] },
        { ...env, DATABASE_URL: own.connectionString, BUS: 'kafka', KAFKA_BROKERS: '127.0.0.1:1' },
        new AbortController().signal,
      );
      expect(await app.get<OperatedBus>(INTEGRATION_BUS).status()).toEqual([]);
      expect(await get('/health/ready')).toEqual({ status: 200, body: { status: 'ready', reasons: [] } });
      await app.close();
      await own.drop();
    },
    MINUTE,
  );

  it('does not begin without what it needs from the environment', async () => {
    const starting = startProcess(hello, { PORT: env['PORT'] }, new AbortController().signal);
    await expect(starting).rejects.toThrow(ConfigError);
    await expect(starting).rejects.toThrow('SERVICE_API_KEY is not set');
  });
});
