import { createTestDatabase, type TestDatabase } from '@muster/embedded/testing';
import { createServer, type AddressInfo } from 'node:net';
import { musterOps } from './muster-ops';

let database: TestDatabase;

beforeAll(async () => {
  database = await createTestDatabase();
});
afterAll(() => database.drop());

/** A port at which nobody listens. */
async function deadPort(): Promise<number> {
  const server = createServer();
  await new Promise<void>((listening) => server.listen(0, '127.0.0.1', listening));
  const { port } = server.address() as AddressInfo;
  await new Promise((closed) => server.close(closed));
  return port;
}

const withUser = (username: string, password: string): string => {
  const url = new URL(database.connectionString);
  Object.assign(url, { username, password });
  return url.href;
};

it.each([['--help'], ['help'], ['projections', '--help'], ['help', 'parked'], ['copy-log', '--help']])(
  'explains itself: %s %s',
  async (...args) => {
    const { code, out, err } = await musterOps({}, ...args);
    expect([code, err]).toEqual([0, '']);
    expect(out).toContain('Usage: muster-ops');
  },
);

it.each([
  [['projection', 'list'], "error: unknown command 'projection'"],
  [['projections', 'lsit'], "error: unknown command 'lsit'"],
  [['projections', 'rebuild'], "error: missing required argument 'context.name'"],
  [['projections', 'list', '--jsno'], "error: unknown option '--jsno'"],
  [['projections', 'lag', '--max-seconds', 'many'], 'It must be a whole number of seconds.'],
  [['copy-log', '--from', 'postgres://a/b'], "error: required option '--to <url>' not specified"],
  [['checkpoints', 'reset', 'a.b'], "error: required option '--to <position>' not specified"],
])('takes %j for wrong usage', async (args, message) => {
  const { code, out, err } = await musterOps({ DATABASE_URL: database.connectionString }, ...args);
  expect([code, out]).toEqual([2, '']);
  expect(err).toContain(message);
});

it('says which variable is missing', async () => {
  const { code, err } = await musterOps({}, 'parked', 'list');
  expect(code).toBe(2);
  expect(err).toBe(
    'muster-ops: DATABASE_URL is not set: the one of the services, like postgres://user:password@host:5432/muster\n',
  );
});

it('says that a database holds no Muster', async () => {
  const env = { DATABASE_URL: database.connectionString };
  for (const command of [
    ['parked', 'list'],
    ['checkpoints', 'list'],
    ['verify', 'log'],
  ]) {
    const { code, err } = await musterOps(env, ...command);
    expect(code).toBe(1);
    expect(err).toMatch(/^muster-ops: .*holds (nothing of Muster|no event store of Muster)[^\n]*\n$/);
  }
});

it('says where nobody answers, in one line', async () => {
  const port = String(await deadPort());
  const { code, err } = await musterOps({ DATABASE_URL: `postgres://a:b@127.0.0.1:${port}/c` }, 'parked', 'list');
  expect([code, err]).toEqual([
    1,
    `muster-ops: Postgres does not answer at 127.0.0.1:${port}/c (DATABASE_URL): connect ECONNREFUSED 127.0.0.1:${port}\n`,
  ]);
  const env = { EVENT_STORE: 'eventstoredb', EVENTSTOREDB_URL: `esdb://127.0.0.1:${port}?tls=false` };
  const store = await musterOps(env, 'verify', 'log');
  expect(store.code).toBe(1);
  expect(store.err).toMatch(new RegExp(`^muster-ops: eventstoredb 127\\.0\\.0\\.1:${port} does not answer: [^\n]+\n$`));
});

it('says who is refused, and repeats no password', async () => {
  const { code, err } = await musterOps({ DATABASE_URL: withUser('nobody', 'hush-hush') }, 'parked', 'list');
  expect(code).toBe(1);
  expect(err).toMatch(/^muster-ops: Postgres at \S+ \(DATABASE_URL\) refuses the user: [^\n]*"nobody"\n$/);
  expect(err).not.toContain('hush');
});

it.each(['mysql://a/b', 'esdb', 'postgres//x'])('takes %s for no address of an event store', async (url) => {
  const { code, err } = await musterOps({}, 'copy-log', '--from', url, '--to', url);
  expect([code, err]).toEqual([
    2,
    'muster-ops: not the address of an event store: it is postgres://user:password@host:5432/database or esdb://user:password@host:2113\n',
  ]);
});
