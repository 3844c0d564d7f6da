import { adaptersOf } from '../platform-options';
import { readConfig } from './config';
import { ConfigError } from './variables';

const read = (env: Record<string, string>) => readConfig(env, '/srv/app');

describe('configuration', () => {
  it('has a default for everything', () => {
    expect(read({})).toEqual({
      eventStore: 'postgres',
      eventStoreDbUrl: null,
      bus: 'direct',
      kafka: null,
      databaseUrl: null,
      host: '127.0.0.1',
      port: 3000,
      logLevel: 'info',
      dataDir: null,
      sampleData: true,
      adminApiKey: null,
      serviceApiKey: null,
      segmentsUrl: null,
      otlpEndpoint: null,
    });
  });

  it('takes an empty variable for an absent one', () => {
    expect(read({ DATABASE_URL: '', PORT: '' })).toMatchObject({ databaseUrl: null, port: 3000 });
  });

  it('names every wrong variable at once, with what it is and what is allowed', () => {
    const env = { EVENT_STORE: 'files', BUS: 'pigeons', PORT: '65536', LOG_LEVEL: 'loud', SAMPLE_DATA: 'yes' };
    expect(() => read(env)).toThrow(
      new ConfigError([
        'EVENT_STORE is "files"; it must be one of: postgres, eventstoredb.',
        'BUS is "pigeons"; it must be one of: direct, kafka.',
        'PORT is "65536"; it must be a whole number from 0 (any free port) to 65535.',
        'LOG_LEVEL is "loud"; it must be one of: fatal, error, warn, info, debug, trace, silent.',
        'SAMPLE_DATA is "yes"; it must be one of: on, off.',
      ]),
    );
  });

  it.each([
    ['DATABASE_URL', 'mysql://u:sesame@h/d'],
    ['DATABASE_URL', 'postgres://u:sesame@h'],
    ['EVENTSTOREDB_URL', 'http://admin:sesame@h:2113'],
    ['EVENTSTOREDB_URL', 'esdb://admin:sesame@h:port'],
    ['ADMIN_API_KEY', 'sesame'],
    ['SERVICE_API_KEY', 'sesame'],
  ])('never repeats the secret in %s', (name, value) => {
    const message = messageOf(() => read({ [name]: value }));
    expect(message).toContain(`${name} is set, and not valid; it must be`);
    expect(message).not.toContain('sesame');
  });

  it.each(['-1', '3000x', '1e3', ' 80', '0x50'])('refuses the port %j', (port) => {
    expect(() => read({ PORT: port })).toThrow(ConfigError);
  });

  it.each(['collector:4318', 'grpc://collector:4317'])('refuses %j as the place of a collector', (text) => {
    expect(() => read({ OTEL_EXPORTER_OTLP_ENDPOINT: text })).toThrow('it must be http://host:port');
  });

  it.each(['segments:3001', 'ftp://segments', 'http://segments:3001/api', 'http://u:p@segments'])(
    'refuses %j as the place of the segments service',
    (SEGMENTS_URL) => {
      expect(() => read({ SEGMENTS_URL })).toThrow('it must be http://host:port without a path');
    },
  );

  it('names everything at once that a service needs and has not got', () => {
    const env = { SEGMENTS_URL: 'http://segments:3001', EVENT_STORE: 'eventstoredb', BUS: 'kafka', PORT: '-1' };
    expect(() => readConfig(env, '/', ['databaseUrl', 'segmentsUrl', 'serviceApiKey'])).toThrow(
      new ConfigError([
        'EVENTSTOREDB_URL is not set, and EVENT_STORE=eventstoredb needs it.',
        'KAFKA_BROKERS is not set, and BUS=kafka needs it.',
        'PORT is "-1"; it must be a whole number from 0 (any free port) to 65535.',
        'DATABASE_URL is not set, and this service needs it.',
        'SERVICE_API_KEY is not set, and this service needs it.',
      ]),
    );
    expect(readConfig({ SEGMENTS_URL: 'http://segments:3001' }, '/', ['segmentsUrl']).segmentsUrl).toBe(
      'http://segments:3001',
    );
  });

  it('takes what is valid', () => {
    const adminApiKey = `mk_00000000-0000-4000-8000-000000000000_${'s'.repeat(32)}`;
    const databaseUrl = 'postgresql://u:p@db:5432/muster';
    expect(
      read({ DATABASE_URL: databaseUrl, ADMIN_API_KEY: adminApiKey, MUSTER_DATA_DIR: 'data', PORT: '0' }),
    ).toMatchObject({ databaseUrl, adminApiKey, dataDir: '/srv/app/data', port: 0 });
  });
});

describe('the configuration of Kafka', () => {
  const kafka = (env: Record<string, string>) => read({ BUS: 'kafka', KAFKA_BROKERS: 'one:9092', ...env }).kafka;
  const user = { KAFKA_SASL_MECHANISM: 'scram-sha-512', KAFKA_USERNAME: 'muster', KAFKA_PASSWORD: 'sesame' };

  it('has safe defaults', () => {
    expect(kafka({})).toEqual({
      connection: { brokers: ['one:9092'], ssl: false },
      topics: { replicationFactor: 3, minInsyncReplicas: 2 },
      sessionTimeoutMs: 45_000,
    });
  });

  it('takes brokers, a user and encryption', () => {
    expect(kafka({ ...user, KAFKA_BROKERS: 'one:9092, [::1]:9093', KAFKA_SSL: 'on' })?.connection).toEqual({
      brokers: ['one:9092', '[::1]:9093'],
      ssl: true,
      sasl: { mechanism: 'scram-sha-512', username: 'muster', password: 'sesame' },
    });
  });

  it.each(['one', 'one:', 'one:0', 'one:9092,', 'kafka://one:9092', 'one:9092 two:9092', 'one:70000'])(
    'refuses the brokers %j',
    (KAFKA_BROKERS) => {
      expect(() => kafka({ KAFKA_BROKERS })).toThrow('it must be host:port, or several separated by commas.');
    },
  );

  it('takes a user with all that belongs to it, or none', () => {
    expect(() => kafka({ KAFKA_USERNAME: 'muster' })).toThrow(
      new ConfigError([
        'KAFKA_SASL_MECHANISM is not set, and KAFKA_USERNAME needs it.',
        'KAFKA_PASSWORD is not set, and KAFKA_USERNAME needs it.',
      ]),
    );
    const message = messageOf(() => kafka({ ...user, KAFKA_SASL_MECHANISM: 'gssapi' }));
    expect(message).toContain(
      'KAFKA_SASL_MECHANISM is "gssapi"; it must be one of: plain, scram-sha-256, scram-sha-512.',
    );
    expect(message).not.toContain('sesame');
  });

  it.each([
    [{ KAFKA_REPLICATION_FACTOR: '0' }, 'it must be a whole number from 1 to 9.'],
    [{ KAFKA_SESSION_TIMEOUT_MS: '1000' }, 'it must be a whole number from 6000 to 300000.'],
    [{ KAFKA_MIN_INSYNC_REPLICAS: 'all' }, 'it must be a whole number from 1 to 9.'],
    [
      { KAFKA_REPLICATION_FACTOR: '1' },
      'KAFKA_MIN_INSYNC_REPLICAS is 2; it must not be more than KAFKA_REPLICATION_FACTOR',
    ],
  ])('refuses %j', (env, message) => {
    expect(() => kafka(env)).toThrow(message);
  });

  it('has no effect without BUS=kafka, nor has EVENTSTOREDB_URL without its store', () => {
    const config = read({
      KAFKA_USERNAME: 'muster',
      KAFKA_REPLICATION_FACTOR: '1',
      EVENTSTOREDB_URL: 'esdb://h?tls=false',
    });
    expect(config).toMatchObject({ bus: 'direct', kafka: null, eventStore: 'postgres' });
    expect(adaptersOf(config)).toEqual({});
  });
});

function messageOf(work: () => unknown): string {
  try {
    work();
  } catch (error) {
    return error instanceof Error ? error.message : '';
  }
  return '';
}
