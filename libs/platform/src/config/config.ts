import { resolve } from 'node:path';
import { LOG_LEVELS, type LogLevel } from './log-level';
import { readKafkaConfig, type KafkaConfig } from './kafka-config';
import {
  apiKey,
  ConfigError,
  eventStoreDbUrl,
  hostName,
  httpOrigin,
  httpUrl,
  portNumber,
  postgresUrl,
  Variables,
} from './variables';

/** What the environment says, checked. */
export interface Config {
  /** Where the events are. Everything else is in Postgres either way. */
  readonly eventStore: 'postgres' | 'eventstoredb';
  /** Not null with `eventstoredb`. */
  readonly eventStoreDbUrl: string | null;
  /** How services tell each other what happened. */
  readonly bus: 'direct' | 'kafka';
  /** Not null with `kafka`. */
  readonly kafka: KafkaConfig | null;
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

/**
 * Reads and checks the whole environment at once, and that it says what is needed. An empty variable counts as absent.
 * Throws {@link ConfigError} with everything that is wrong.
 */
export function readConfig<K extends Requirable = never>(
  env: Readonly<Record<string, string | undefined>>,
  workingDirectory: string,
  needed: readonly K[] = [],
): ConfigWith<K> {
  const variables = new Variables(env);
  const config: Config = {
    ...readStore(variables),
    ...readBus(variables),
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
    sampleData: variables.oneOf('SAMPLE_DATA', ['on', 'off'], variables.isSet('DATABASE_URL') ? 'off' : 'on') === 'on',
    adminApiKey: variables.read<string | null>('ADMIN_API_KEY', null, API_KEY, apiKey, true),
    serviceApiKey: variables.read<string | null>('SERVICE_API_KEY', null, API_KEY, apiKey, true),
    segmentsUrl: variables.read<string | null>('SEGMENTS_URL', null, 'http://host:port without a path', httpOrigin),
    otlpEndpoint: variables.read<string | null>('OTEL_EXPORTER_OTLP_ENDPOINT', null, 'http://host:port', httpUrl),
  };
  variables.need(
    needed.map((name) => VARIABLES[name]),
    'this service',
  );
  const { problems } = variables;
  if (problems.length === 0 && hasAll(config, needed)) return config;
  throw new ConfigError(problems);
}

const API_KEY = 'mk_<UUID in lower case>_<32 to 200 visible ASCII characters>';
const EVENTSTOREDB_URL = 'esdb://user:password@host:2113, or esdb://host:2113?tls=false for a server without TLS';

function readStore(variables: Variables): Pick<Config, 'eventStore' | 'eventStoreDbUrl'> {
  const eventStore = variables.oneOf('EVENT_STORE', ['postgres', 'eventstoredb'], 'postgres');
  const url = variables.read<string | null>('EVENTSTOREDB_URL', null, EVENTSTOREDB_URL, eventStoreDbUrl, true);
  if (eventStore === 'eventstoredb') variables.need(['EVENTSTOREDB_URL'], 'EVENT_STORE=eventstoredb');
  return { eventStore, eventStoreDbUrl: url };
}

function readBus(variables: Variables): Pick<Config, 'bus' | 'kafka'> {
  const bus = variables.oneOf('BUS', ['direct', 'kafka'], 'direct');
  return { bus, kafka: readKafkaConfig(variables, bus === 'kafka') };
}

/** What a service that runs apart cannot do without, and the variable that says it. */
const VARIABLES = {
  databaseUrl: 'DATABASE_URL',
  segmentsUrl: 'SEGMENTS_URL',
  serviceApiKey: 'SERVICE_API_KEY',
} as const;

export type Requirable = keyof typeof VARIABLES;
export type ConfigWith<K extends Requirable> = Config & Readonly<Record<K, string>>;

function hasAll<K extends Requirable>(config: Config, names: readonly K[]): config is ConfigWith<K> {
  return names.every((name) => config[name] !== null);
}
