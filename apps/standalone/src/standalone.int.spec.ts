import { createTestDatabase, type TestDatabase } from '@muster/embedded/testing';
import { undeclaredRoutes, TestKeys } from '@muster/platform/testing';
import { Logger } from '@nestjs/common';
import { mkdtemp, readFile, rm, stat, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { startStandalone, type Standalone } from './start-standalone';
import { welcome } from './welcome';

let database: TestDatabase;
let dataDir: string;
let standalone: Standalone;
const start = () => startStandalone({ dataDir, databaseUrl: database.connectionString, port: 0, logLevel: 'silent' });

beforeAll(async () => {
  database = await createTestDatabase();
  dataDir = await mkdtemp(join(tmpdir(), 'muster-standalone-'));
  standalone = await start();
});
afterAll(async () => {
  await standalone.close();
  await rm(dataDir, { recursive: true, force: true });
  await database.drop();
});

interface Description {
  paths: Record<string, Record<string, { security?: unknown; responses: Record<string, unknown> }>>;
}

async function describedRoutes(): Promise<
  { method: string; path: string; operation: { security?: unknown; responses: object } }[]
> {
  const document = (await (await fetch(`${standalone.url}/api/openapi.json`)).json()) as Description;
  return Object.entries(document.paths).flatMap(([path, operations]) =>
    Object.entries(operations).map(([method, operation]) => ({ method: method.toUpperCase(), path, operation })),
  );
}

const call = (method: string, path: string, key?: string) =>
  fetch(`${standalone.url}${path.replaceAll(/\{\w+\}/g, '00000000-0000-4000-8000-000000000000')}`, {
    method,
    ...(key !== undefined && { headers: { authorization: `Bearer ${key}` } }),
  });

describe('standalone', () => {
  // The first to ask for the description, which is made once: the others find it.
  it('describes its API without two schemas of one name', async () => {
    const warned = jest.spyOn(Logger, 'warn').mockImplementation(() => undefined);
    expect((await describedRoutes()).length).toBeGreaterThan(50);
    expect(warned.mock.calls).toEqual([]);
    warned.mockRestore();
  });

  it('answers to the key that it prints', async () => {
    const response = await call('GET', '/api/v1/api-keys', standalone.developmentKey);
    expect(response.status).toBe(200);
    const text = welcome(standalone, { adminApiKey: null, databaseUrl: null, sampleData: true });
    expect(text).toContain(`curl -H "Authorization: Bearer ${standalone.developmentKey}" ${standalone.url}/api/v1/`);
  });

  it('never shows a key that came from the environment', () => {
    const text = welcome(standalone, { adminApiKey: standalone.developmentKey, databaseUrl: null, sampleData: false });
    expect(text).not.toContain(standalone.developmentKey);
  });

  it('keeps the development key for the next start, readable by its owner only', async () => {
    const file = join(dataDir, 'development-key');
    expect((await readFile(file, 'utf8')).trim()).toBe(standalone.developmentKey);
    expect((await stat(file)).mode & 0o777).toBe(0o600);
    const second = await start();
    expect(second.developmentKey).toBe(standalone.developmentKey);
    await second.close();
  });

  it('replaces a development key that cannot be used', async () => {
    const file = join(dataDir, 'development-key');
    const kept = await readFile(file, 'utf8');
    await writeFile(file, 'nonsense');
    const second = await start();
    expect(second.developmentKey).not.toBe(standalone.developmentKey);
    expect((await call('GET', '/api/v1/api-keys', second.developmentKey)).status).toBe(200);
    await second.close();
    await writeFile(file, kept);
  });
});

describe('every route', () => {
  it('says who may call it', () => {
    expect(undeclaredRoutes(standalone.app)).toEqual([]);
  });

  it('is public only where it is meant to be', async () => {
    const open = (await describedRoutes()).filter(({ operation }) => operation.security === undefined);
    expect(open.map(({ method, path }) => `${method} ${path}`).sort()).toEqual([
      'GET /health/live',
      'GET /health/ready',
    ]);
  });

  it('lets nobody in without a valid key', async () => {
    const closed = (await describedRoutes()).filter(({ operation }) => operation.security !== undefined);
    expect(closed.length).toBeGreaterThan(3);
    for (const { method, path } of closed) {
      const answers = [(await call(method, path)).status, (await call(method, path, TestKeys.of('admin'))).status];
      expect([method, path, ...answers]).toEqual([method, path, 401, 401]);
    }
  });

  it('documents what it answers when all goes well', async () => {
    const silent = (await describedRoutes()).filter(
      ({ operation }) => !Object.keys(operation.responses).some((status) => status.startsWith('2')),
    );
    expect(silent.map(({ method, path }) => `${method} ${path}`)).toEqual([]);
  });
});
