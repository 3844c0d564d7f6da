import { AccessModule, BootstrapKeys } from '@muster/access-service';
import { AudiencesModule } from '@muster/audiences-service';
import { CampaignsModule } from '@muster/campaigns-service';
import { EmbeddedPostgres, firstReachableFolder } from '@muster/embedded';
import { InsightsModule } from '@muster/insights-service';
import { createHttpApp, PlatformModule, type Adapters, type LogLevel, type PlatformOptions } from '@muster/platform';
import { SegmentsModule } from '@muster/segments-service';
import { Module, type DynamicModule, type Type } from '@nestjs/common';
import type { NestFastifyApplication } from '@nestjs/platform-fastify';
import { mkdir } from 'node:fs/promises';
import { join, resolve } from 'node:path';
import { ensureDevelopmentKey } from './development-key';

export interface StandaloneOptions {
  /**
   * Where the embedded Postgres and the development key are kept. Absent or null: `.muster` in the working directory,
   * or, where root starts it in a folder that others cannot enter, /var/lib/muster.
   */
  readonly dataDir?: string | null;
  /** Absent or null: an embedded Postgres in `dataDir`. */
  readonly databaseUrl?: string | null;
  /** Default 127.0.0.1. */
  readonly host?: string;
  /** 0: any free one. Default 3000. */
  readonly port?: number;
  /** Default `info`. */
  readonly logLevel?: LogLevel;
  /** A key with the role admin, `mk_<uuid>_<secret>`; no development key is made where it is given. */
  readonly adminApiKey?: string | null;
  /** Of an OpenTelemetry collector. Absent or null: nothing is traced. */
  readonly otlpEndpoint?: string | null;
  /** Default: events in Postgres, and no broker. */
  readonly adapters?: Adapters;
  /** Something goes no further in this process that a new one can do. */
  readonly onBroken?: (reason: string) => void;
  /** The embedded Postgres ended by itself: nothing works any more. */
  readonly onDatabaseLost?: (error: Error) => void;
}

export interface Standalone {
  /** `http://127.0.0.1:3000` */
  readonly url: string;
  /** The key to call it with: the development key, or `adminApiKey`. */
  readonly developmentKey: string;
  readonly dataDir: string;
  readonly app: NestFastifyApplication;
  /** Finishes what is in hand, then stops the embedded Postgres. */
  close(): Promise<void>;
}

/** Every service of Muster, in one process. */
export const SERVICES: readonly Type[] = [
  AccessModule,
  SegmentsModule,
  CampaignsModule,
  AudiencesModule,
  InsightsModule,
];

@Module({})
class StandaloneModule {}

/** Starts Muster in this process and resolves when it answers. */
export async function startStandalone(options: StandaloneOptions = {}): Promise<Standalone> {
  const dataDir = options.dataDir ?? (await firstReachableFolder(resolve('.muster'), '/var/lib/muster'));
  const database = await openDatabase(dataDir, options);
  try {
    const app = await createHttpApp(rootModule(database.url, options));
    try {
      const developmentKey = await ensureKey(app, dataDir, options.adminApiKey ?? null);
      await app.listen(options.port ?? 3000, options.host ?? '127.0.0.1');
      const url = await app.getUrl();
      return {
        url,
        developmentKey,
        dataDir,
        app,
        async close() {
          await app.close();
          await database.stop();
        },
      };
    } catch (error) {
      await app.close();
      throw error;
    }
  } catch (error) {
    await database.stop();
    throw error;
  }
}

interface Database {
  readonly url: string;
  stop(): Promise<void>;
}

async function openDatabase(dataDir: string, options: StandaloneOptions): Promise<Database> {
  if (options.databaseUrl) return { url: options.databaseUrl, stop: () => Promise.resolve() };
  // Enterable by the user that Postgres runs as (`nobody`, where root starts it); the folders in it are private.
  await mkdir(dataDir, { recursive: true, mode: 0o755 });
  const { onDatabaseLost } = options;
  const postgres = await new EmbeddedPostgres({
    dataDir: join(dataDir, 'postgres'),
    ...(onDatabaseLost && { onUnexpectedExit: onDatabaseLost }),
  }).start();
  return { url: postgres.connectionString, stop: () => postgres.stop() };
}

function rootModule(databaseUrl: string, options: StandaloneOptions): DynamicModule {
  const { logLevel = 'info', adapters, onBroken, otlpEndpoint } = options;
  const platform: PlatformOptions = {
    databaseUrl,
    logLevel,
    ...adapters,
    ...(onBroken && { onBroken }),
    ...(otlpEndpoint && { traces: { endpoint: otlpEndpoint, service: 'muster-standalone' } }),
  };
  return { module: StandaloneModule, imports: [PlatformModule.forRoot(platform), ...SERVICES] };
}

async function ensureKey(app: NestFastifyApplication, dataDir: string, adminApiKey: string | null): Promise<string> {
  const keys = app.get(BootstrapKeys);
  if (adminApiKey === null) return ensureDevelopmentKey(keys, join(dataDir, 'development-key'));
  await keys.ensureBootstrapKey({ token: adminApiKey, name: 'ADMIN_API_KEY', roles: ['admin'] });
  return adminApiKey;
}
