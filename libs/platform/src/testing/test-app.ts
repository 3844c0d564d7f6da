import { createTestDatabase, type TestDatabase } from '@muster/embedded/testing';
import type { EventStore } from '@muster/event-store';
import { Module, type DynamicModule, type Type } from '@nestjs/common';
import type { NestFastifyApplication } from '@nestjs/platform-fastify';
import { ROLES, type Role } from '../access';
import { createHttpApp } from '../http/create-http-app';
import { settle } from '../operations/settle';
import { PlatformModule } from '../platform.module';
import type { LogLevel } from '../config/log-level';
import type { PlatformOptions } from '../platform-options';
import { EVENT_STORE, KEY_VERIFIER } from '../tokens';
import { TestKeys } from './test-keys';

export interface TestAppOptions {
  /** Default: a fresh database of the test run's server, dropped by `close`. */
  readonly databaseUrl?: string;
  /** Default `silent`. */
  readonly logLevel?: LogLevel;
  /** Default: events in Postgres, and no broker. */
  readonly adapters?: Pick<PlatformOptions, 'eventStoreDbUrl' | 'kafka' | 'onBroken'>;
  /** Set to true where one of the modules binds `KEY_VERIFIER` itself. */
  readonly ownKeys?: boolean;
}

export interface TestResponse {
  readonly status: number;
  readonly headers: Readonly<Record<string, string | undefined>>;
  readonly text: string;
  /** The body as JSON, of the type that the caller says (or shows by an example); throws where it is none. */
  json<T = Record<string, unknown>>(example?: T): T;
}

export interface TestApp {
  readonly app: NestFastifyApplication;
  readonly databaseUrl: string;
  readonly store: EventStore;
  readonly adminKey: string;
  readonly keys: Readonly<Record<Role, string>>;
  /** Listens on a free port (once) and tells its address: for streams and server-sent events, which `request` cannot do. */
  url(): Promise<string>;
  /**
   * Sends a request in process, with the admin's key unless `headers.authorization` says otherwise (`''`: none).
   * Objects go as JSON, strings and buffers as they are (give a content type).
   */
  request(
    method: string,
    path: string,
    body?: unknown,
    headers?: Readonly<Record<string, string>>,
  ): Promise<TestResponse>;
  /** Waits until projections, bus and workers have done everything that the store's head leads to. Throws after `timeoutMs` (15 s). */
  settle(timeoutMs?: number): Promise<void>;
  close(): Promise<void>;
}

@Module({})
class TestRoot {}

@Module({ providers: [{ provide: KEY_VERIFIER, useClass: TestKeys }], exports: [KEY_VERIFIER] })
class TestKeysModule {}

/** Starts these modules as a process would, on a database of their own. */
export async function startTestApp(
  modules: readonly (Type | DynamicModule)[],
  options: TestAppOptions = {},
): Promise<TestApp> {
  const database = options.databaseUrl === undefined ? await createTestDatabase() : undefined;
  const databaseUrl = options.databaseUrl ?? database?.connectionString ?? '';
  try {
    const app = await createHttpApp({
      module: TestRoot,
      imports: [
        PlatformModule.forRoot({
          databaseUrl,
          logLevel: options.logLevel ?? 'silent',
          poolSize: 5,
          ...options.adapters,
        }),
        ...(options.ownKeys === true ? [] : [{ module: TestKeysModule, global: true }]),
        ...modules,
      ],
    });
    return testApp(app, databaseUrl, database);
  } catch (error) {
    await database?.drop();
    throw error;
  }
}

function testApp(app: NestFastifyApplication, databaseUrl: string, database: TestDatabase | undefined): TestApp {
  const adminKey = TestKeys.of('admin');
  let listening: Promise<string> | undefined;
  return {
    app,
    databaseUrl,
    adminKey,
    store: app.get<EventStore>(EVENT_STORE),
    keys: Object.fromEntries(ROLES.map((role) => [role, TestKeys.of(role)])) as Record<Role, string>,
    url: () => (listening ??= app.listen(0, '127.0.0.1').then(() => app.getUrl())),
    request: (method, path, body, headers) =>
      send(app, method, path, body, {
        authorization: `Bearer ${adminKey}`,
        ...headers,
      }),
    settle: (timeoutMs) => settle(app, timeoutMs),
    async close() {
      await app.close();
      await database?.drop();
    },
  };
}

async function send(
  app: NestFastifyApplication,
  method: string,
  url: string,
  body: unknown,
  headers: Readonly<Record<string, string>>,
): Promise<TestResponse> {
  const { authorization, ...others } = headers;
  const response = await app.inject({
    method: method as 'GET',
    url,
    headers: authorization === undefined || authorization === '' ? others : headers,
    ...(body !== undefined && { payload: body as object }),
  });
  return {
    status: response.statusCode,
    headers: response.headers as Record<string, string | undefined>,
    text: response.body,
    json: <T>(_example?: T) => JSON.parse(response.body) as T,
  };
}
