import { resolve } from 'node:path';
import { parseKey } from '../access';
import { LOG_LEVELS, type LogLevel } from '../platform-options';

/** What the environment says, checked. */
export interface Config {
  readonly eventStore: 'postgres';
  readonly bus: 'direct';
  /** `null`: an embedded Postgres in `dataDir`, which only the standalone app has. */
  readonly databaseUrl: string | null;
  readonly host: string;
  readonly port: number;
  readonly logLevel: LogLevel;
  /** Absolute; `null`: the application chooses. */
  readonly dataDir: string | null;
  readonly sampleData: boolean;
  /** `mk_<uuid>_<secret>`: a key with the role admin that is there from the start. */
  readonly adminApiKey: string | null;
  /** `mk_<uuid>_<secret>`: a key with the role service that is there from the start: services call each other with it. */
  readonly serviceApiKey: string | null;
  /** Where the segments service listens, for services that run apart from it. */
  readonly segmentsUrl: string | null;
  /** Of an OpenTelemetry collector; `null`: nothing is traced. */
  readonly otlpEndpoint: string | null;
}

/** Everything that is wrong with the environment, a line for each variable. */
export class ConfigError extends Error {
  override readonly name = 'ConfigError';
  constructor(readonly problems: readonly string[]) {
    super(['The configuration is not valid:', ...problems.map((problem) => `  - ${problem}`)].join('\n'));
  }
}

/** Reads and checks the whole environment at once. An empty variable counts as absent. Throws {@link ConfigError}. */
export function readConfig(env: Readonly<Record<string, string | undefined>>, workingDirectory: string): Config {
  const variables = new Variables(env);
  const config: Config = {
    eventStore: variables.oneOf('EVENT_STORE', ['postgres'], 'postgres'),
    bus: variables.oneOf('BUS', ['direct'], 'direct'),
    databaseUrl: variables.read<string | null>(
      'DATABASE_URL',
      null,
      'postgres://user:password@host:5432/database',
      postgresUrl,
      true,
    ),
    host: variables.read<string>(
      'HOST',
      '127.0.0.1',
      'a host name or an IP address, like 127.0.0.1 or 0.0.0.0',
      hostName,
    ),
    port: variables.read<number>('PORT', 3000, 'a whole number from 0 (any free port) to 65535', portNumber),
    logLevel: variables.oneOf('LOG_LEVEL', LOG_LEVELS, 'info'),
    dataDir: variables.read<string | null>('MUSTER_DATA_DIR', null, 'a path', (text) =>
      resolve(workingDirectory, text),
    ),
    sampleData: variables.oneOf('SAMPLE_DATA', ['on', 'off'], env['DATABASE_URL'] ? 'off' : 'on') === 'on',
    adminApiKey: variables.read<string | null>('ADMIN_API_KEY', null, API_KEY, apiKey, true),
    serviceApiKey: variables.read<string | null>('SERVICE_API_KEY', null, API_KEY, apiKey, true),
    segmentsUrl: variables.read<string | null>('SEGMENTS_URL', null, 'http://host:port without a path', httpOrigin),
    otlpEndpoint: variables.read<string | null>('OTEL_EXPORTER_OTLP_ENDPOINT', null, 'http://host:port', httpUrl),
  };
  variables.finish();
  return config;
}

const API_KEY = 'mk_<UUID in lower case>_<32 to 200 visible ASCII characters>';

/** What a service that runs apart cannot do without, and the variable that says it. */
const VARIABLES = {
  databaseUrl: 'DATABASE_URL',
  segmentsUrl: 'SEGMENTS_URL',
  serviceApiKey: 'SERVICE_API_KEY',
} as const;

export type Requirable = keyof typeof VARIABLES;
export type ConfigWith<K extends Requirable> = Config & Readonly<Record<K, string>>;

/** The same configuration, known to have these. Throws {@link ConfigError} with all that are absent. */
export function requireConfig<K extends Requirable>(config: Config, names: readonly K[]): ConfigWith<K> {
  if (hasAll(config, names)) return config;
  const absent = names.filter((name) => config[name] === null);
  throw new ConfigError(absent.map((name) => `${VARIABLES[name]} is not set, and this service needs it.`));
}

function hasAll<K extends Requirable>(config: Config, names: readonly K[]): config is ConfigWith<K> {
  return names.every((name) => config[name] !== null);
}

class Variables {
  private readonly problems: string[] = [];

  constructor(private readonly env: Readonly<Record<string, string | undefined>>) {}

  oneOf<const T extends string>(name: string, allowed: readonly T[], fallback: T): T {
    return this.read<T>(name, fallback, `one of: ${allowed.join(', ')}`, (text) =>
      allowed.find((each) => each === text),
    );
  }

  /** `secret` values are not repeated in the message. */
  read<T>(
    name: string,
    fallback: T,
    allowed: string,
    parse: (text: string) => Exclude<T, null> | undefined,
    secret = false,
  ): T {
    const text = this.env[name];
    if (text === undefined || text === '') return fallback;
    const value = parse(text);
    if (value !== undefined) return value;
    this.problems.push(`${name} is ${secret ? 'set, and not valid' : JSON.stringify(text)}; it must be ${allowed}.`);
    return fallback;
  }

  finish(): void {
    if (this.problems.length > 0) throw new ConfigError(this.problems);
  }
}

function postgresUrl(text: string): string | undefined {
  if (!URL.canParse(text)) return undefined;
  const { protocol, hostname, pathname } = new URL(text);
  const complete = /^postgres(ql)?:$/.test(protocol) && hostname !== '' && pathname.length > 1;
  return complete ? text : undefined;
}

function apiKey(text: string): string | undefined {
  return parseKey(text) ? text : undefined;
}

function httpOrigin(text: string): string | undefined {
  if (!URL.canParse(text)) return undefined;
  const { protocol, origin, pathname, search, username } = new URL(text);
  return /^https?:$/.test(protocol) && pathname === '/' && search === '' && username === '' ? origin : undefined;
}

function httpUrl(text: string): string | undefined {
  return URL.canParse(text) && /^https?:$/.test(new URL(text).protocol) ? text : undefined;
}

function hostName(text: string): string | undefined {
  return /^[A-Za-z0-9._:-]{1,253}$/.test(text) ? text : undefined;
}

function portNumber(text: string): number | undefined {
  return /^\d{1,5}$/.test(text) && Number(text) <= 65_535 ? Number(text) : undefined;
}
