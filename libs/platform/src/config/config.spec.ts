import { ConfigError, readConfig, requireConfig } from './config';

const read = (env: Record<string, string>) => readConfig(env, '/srv/app');

describe('configuration', () => {
  it('has a default for everything', () => {
    expect(read({})).toEqual({
      eventStore: 'postgres',
      bus: 'direct',
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
    const env = { EVENT_STORE: 'eventstoredb', BUS: 'kafka', PORT: '65536', LOG_LEVEL: 'loud', SAMPLE_DATA: 'yes' };
    expect(() => read(env)).toThrow(
      new ConfigError([
        'EVENT_STORE is "eventstoredb"; it must be one of: postgres.',
        'BUS is "kafka"; it must be one of: direct.',
        'PORT is "65536"; it must be a whole number from 0 (any free port) to 65535.',
        'LOG_LEVEL is "loud"; it must be one of: fatal, error, warn, info, debug, trace, silent.',
        'SAMPLE_DATA is "yes"; it must be one of: on, off.',
      ]),
    );
  });

  it.each([
    ['DATABASE_URL', 'mysql://u:sesame@h/d'],
    ['DATABASE_URL', 'postgres://u:sesame@h'],
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
    const config = read({ SEGMENTS_URL: 'http://segments:3001' });
    expect(() => requireConfig(config, ['databaseUrl', 'segmentsUrl', 'serviceApiKey'])).toThrow(
      new ConfigError([
        'DATABASE_URL is not set, and this service needs it.',
        'SERVICE_API_KEY is not set, and this service needs it.',
      ]),
    );
    expect(requireConfig(config, ['segmentsUrl']).segmentsUrl).toBe('http://segments:3001');
  });

  it('takes what is valid', () => {
    const adminApiKey = `mk_00000000-0000-4000-8000-000000000000_${'s'.repeat(32)}`;
    const databaseUrl = 'postgresql://u:p@db:5432/muster';
    expect(
      read({ DATABASE_URL: databaseUrl, ADMIN_API_KEY: adminApiKey, MUSTER_DATA_DIR: 'data', PORT: '0' }),
    ).toMatchObject({ databaseUrl, adminApiKey, dataDir: '/srv/app/data', port: 0 });
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
