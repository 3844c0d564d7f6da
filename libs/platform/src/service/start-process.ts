import type { IntegrationBus, Translation } from '@muster/messaging';
import { Inject, Module, type DynamicModule, type OnModuleInit, type Type } from '@nestjs/common';
import type { NestFastifyApplication } from '@nestjs/platform-fastify';
import type { Role } from '../access';
import { readConfig, type ConfigWith, type Requirable } from '../config/config';
import { ConfigError } from '../config/variables';
import { createHttpApp } from '../http/create-http-app';
import { PlatformModule } from '../platform.module';
import { adaptersOf, type PlatformOptions } from '../platform-options';
import { ForeignEventStore } from '../known-log';
import { INTEGRATION_BUS } from '../tokens';
import { missingFor } from './needs';
import { BrokenProcess } from './broken-process';
import { WaitingRoom } from './waiting-room';

/** Makes keys valid that come with the installation (`BootstrapKeys` of the access module). */
export interface KeyIssuer {
  ensureBootstrapKey(key: { token: string; name: string; roles: readonly Role[] }): Promise<void>;
}

/** A service as a process of its own. */
export interface ServiceDefinition<K extends Requirable> {
  /** Shown on the API page. */
  readonly title: string;
  /** Where it listens unless PORT says otherwise. */
  readonly port: number;
  /** What the environment must say. */
  readonly requires: readonly K[];
  readonly modules: (config: ConfigWith<K>) => readonly (Type | DynamicModule)[];
  readonly keys: Type<KeyIssuer>;
  /**
   * Of the other contexts that consumers of this process subscribe to. Read where there is no broker: over Kafka each
   * context publishes its own feeds, and nobody else's.
   */
  readonly translations?: readonly Translation[];
  /** Views of other services that it reads: it waits until they stand. */
  readonly readsFrom?: readonly string[];
}

const TRANSLATIONS: unique symbol = Symbol('Translations');

@Module({})
class ServiceRoot implements OnModuleInit {
  constructor(
    @Inject(INTEGRATION_BUS) private readonly bus: IntegrationBus,
    @Inject(TRANSLATIONS) private readonly translations: readonly Translation[],
  ) {}

  onModuleInit(): void {
    for (const translation of this.translations) this.bus.addTranslation(translation);
  }
}

/**
 * Waits for what the service needs, starts it and listens. Rejects when `signal` is aborted before. `onBroken` hears of
 * what only a new process can mend.
 */
export async function startProcess<K extends Requirable>(
  service: ServiceDefinition<K>,
  env: Readonly<Record<string, string | undefined>>,
  signal: AbortSignal,
  onBroken: (reason: string) => void = () => undefined,
): Promise<NestFastifyApplication> {
  const config = configOf(service, env);
  const { host, port, logLevel } = config;
  const options = platformOptions(service, config, onBroken);
  const room = await WaitingRoom.open(port, host, logLevel);
  try {
    await room.until(() => missingFor(options, service.readsFrom ?? []), signal);
    const app = await createHttpApp(rootModule(service, config, options), { title: service.title });
    try {
      await ensureKeys(app.get<KeyIssuer>(service.keys), config);
      signal.throwIfAborted();
      await room.close();
      await app.listen(port, host);
      return app;
    } catch (error) {
      await app.close();
      throw error;
    }
  } finally {
    await room.close();
  }
}

/** What the `main.ts` of a service does: starts it, and ends it with the first signal. */
export function runProcess<K extends Requirable>(service: ServiceDefinition<K>): void {
  const ending = new AbortController();
  const broken = new BrokenProcess(() => started.then((app) => app.close()));
  const started: Promise<NestFastifyApplication> = startProcess(service, process.env, ending.signal, (reason) =>
    broken.end(reason),
  );
  const end = (): void => {
    if (ending.signal.aborted) process.exit(130);
    ending.abort();
    // A start that is under way fails by the signal, below.
    started.then((app) => app.close()).then(() => process.exit(0), fail);
  };
  for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) process.on(signal, end);
  started.catch((error: unknown) => {
    if (ending.signal.aborted) process.exit(0);
    fail(error);
  });
}

function fail(error: unknown): void {
  process.stderr.write(`${explain(error)}\n`);
  process.exit(1);
}

function configOf<K extends Requirable>(
  { port, requires }: ServiceDefinition<K>,
  env: Readonly<Record<string, string | undefined>>,
): ConfigWith<K | 'databaseUrl'> {
  const { PORT = '' } = env;
  const withPort = { ...env, PORT: PORT === '' ? String(port) : PORT };
  return readConfig<K | 'databaseUrl'>(withPort, process.cwd(), ['databaseUrl', ...requires]);
}

function platformOptions(
  { title }: Pick<ServiceDefinition<never>, 'title'>,
  config: ConfigWith<'databaseUrl'>,
  onBroken: (reason: string) => void,
): PlatformOptions {
  const { databaseUrl, logLevel, otlpEndpoint: endpoint } = config;
  const traces = endpoint === null ? {} : { traces: { endpoint, service: processName(title) } };
  return { databaseUrl, logLevel, ...adaptersOf(config), onBroken, ...traces };
}

function rootModule<K extends Requirable>(
  service: ServiceDefinition<K>,
  config: ConfigWith<K | 'databaseUrl'>,
  options: PlatformOptions,
): DynamicModule {
  const translations = options.kafka ? [] : (service.translations ?? []);
  return {
    module: ServiceRoot,
    imports: [PlatformModule.forRoot(options), ...service.modules(config)],
    providers: [{ provide: TRANSLATIONS, useValue: translations }],
  };
}

/** `Muster: segments` is `muster-segments` where a name is an identifier. */
function processName(title: string): string {
  return title.toLowerCase().replace(/[^a-z0-9]+/g, '-');
}

/** All services that run apart are given the same keys; whoever starts first issues them. */
async function ensureKeys(keys: KeyIssuer, { adminApiKey, serviceApiKey }: ConfigWith<never>): Promise<void> {
  if (adminApiKey !== null) {
    await keys.ensureBootstrapKey({ token: adminApiKey, name: 'ADMIN_API_KEY', roles: ['admin'] });
  }
  if (serviceApiKey !== null) {
    await keys.ensureBootstrapKey({ token: serviceApiKey, name: 'SERVICE_API_KEY', roles: ['service'] });
  }
}

function explain(error: unknown): string {
  if (error instanceof ConfigError || error instanceof ForeignEventStore) return error.message;
  if (!(error instanceof Error)) return String(error);
  if ('code' in error && error.code === 'EADDRINUSE') {
    return `Something listens on this port already (${error.message}). Set PORT to another one.`;
  }
  return error.stack ?? error.message;
}
