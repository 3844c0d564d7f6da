import { execFile, spawn, spawnSync, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { chmod, chown, mkdir, mkdtemp, readdir, readFile, rename, rm, stat, writeFile } from 'node:fs/promises';
import { createServer, type AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { createInterface } from 'node:readline';
import { promisify } from 'node:util';
import { Client } from 'pg';
import { packageFolder, reachableCopy } from './binaries';
import { EmbeddedPostgres, type RunningPostgres } from './embedded-postgres';
import { EmbeddedPostgresError } from './errors';
import { isAlive, runningProcess } from './running-process';
import { firstReachableFolder, unreachablePart } from './server-user';
import { throwawaySettings } from './settings';
import { describeIf } from './testing';

jest.setTimeout(60_000);

const IS_ROOT = process.getuid?.() === 0;
const NOBODY = 65_534;

/** An ordinary user must be able to read this checkout: in root's home it cannot. */
const NOBODY_READS_THIS =
  IS_ROOT &&
  spawnSync(process.execPath, ['-e', 'require("node:fs").readFileSync(process.argv[1])', __filename], {
    uid: NOBODY,
    gid: NOBODY,
    cwd: '/',
  }).status === 0;

let template: string;
let folder: string;
const cleanUp: (() => unknown)[] = [];

beforeAll(async () => {
  template = await mkdtemp(join(tmpdir(), 'embedded-'));
  await chmod(template, 0o755);
  const dataDir = join(template, 'data');
  await (await new EmbeddedPostgres({ dataDir, settings: throwawaySettings }).start()).stop();
});

afterAll(() => rm(template, { recursive: true, force: true }));

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'embedded-'));
  await chmod(folder, 0o755);
});

/** Puts a whole cluster, stopped, where `start` looks: faster than making one. */
async function givenCluster(): Promise<void> {
  await promisify(execFile)('cp', ['-a', join(template, 'data'), folder]);
}

afterEach(async () => {
  for (const undo of cleanUp.splice(0).reverse()) await undo();
  await rm(folder, { recursive: true, force: true });
});

async function start(
  options: Partial<ConstructorParameters<typeof EmbeddedPostgres>[0]> = {},
): Promise<RunningPostgres> {
  const dataDir = join(folder, 'data');
  const running = await new EmbeddedPostgres({ dataDir, settings: throwawaySettings, ...options }).start();
  cleanUp.push(() => running.stop());
  return running;
}

async function ask(connectionString: string, query: string): Promise<unknown[]> {
  const client = new Client({ connectionString });
  await client.connect();
  try {
    return (await client.query(query)).rows;
  } finally {
    await client.end();
  }
}

async function refusal(attempt: Promise<unknown>): Promise<EmbeddedPostgresError> {
  const error = await attempt.catch((reason: unknown) => reason);
  if (error instanceof EmbeddedPostgresError) return error;
  throw new Error(`expected a refusal, not ${String(error)}`);
}

/** Another process that owns a server, as this user or as another, and what it said first. */
async function owner(dataDir: string, uid?: number): Promise<{ child: ChildProcess; said: Record<string, unknown> }> {
  const script = `require(${JSON.stringify(resolve(__dirname, 'owner.fixture.ts'))})`;
  const child = spawn(process.execPath, ['-r', await swcHook(), '-e', script, dataDir], {
    stdio: ['ignore', 'pipe', 'inherit'],
    ...(uid === undefined ? {} : { uid, gid: uid }),
  });
  cleanUp.push(() => child.kill('SIGKILL'));
  const lines = createInterface({ input: child.stdout });
  const ended = once(child, 'exit').then(() => Promise.reject(new Error('the owner ended without a word')));
  ended.catch(() => undefined);
  const [line] = (await Promise.race([once(lines, 'line'), ended])) as [string];
  return { child, said: JSON.parse(line) as Record<string, unknown> };
}

/** Lets plain Node read our TypeScript: with swc, as Jest does. */
async function swcHook(): Promise<string> {
  const hook = join(folder, 'hook.cjs');
  const swc = JSON.stringify(require.resolve('@swc/core'));
  const lines = [
    `const swc = require(${swc});`,
    `require.extensions['.ts'] = (module, filename) => module._compile(swc.transformFileSync(filename, {`,
    `  swcrc: false, module: { type: 'commonjs' }, jsc: { parser: { syntax: 'typescript' }, target: 'es2022' } }).code, filename);`,
  ];
  await writeFile(hook, lines.join('\n'));
  return hook;
}

async function kill(child: ChildProcess): Promise<void> {
  const exited = once(child, 'exit');
  child.kill('SIGKILL');
  await exited;
}

describe('the embedded Postgres', () => {
  it('keeps its data over a restart, in UTF8, on the loopback address only', async () => {
    const first = await start();
    expect(await ask(first.connectionString, `SHOW listen_addresses`)).toEqual([{ listen_addresses: '127.0.0.1' }]);
    expect(await ask(first.connectionString, `SHOW server_encoding`)).toEqual([{ server_encoding: 'UTF8' }]);
    await ask(first.connectionString, `CREATE TABLE kept AS SELECT 'Jürgen' AS name`);
    await first.stop();
    expect(isAlive(first.pid)).toBe(false);

    const second = await start();
    expect(await ask(second.connectionString, 'SELECT name FROM kept')).toEqual([{ name: 'Jürgen' }]);
  });

  it('commits durably by default', async () => {
    await givenCluster();
    const { connectionString } = await new EmbeddedPostgres({ dataDir: join(folder, 'data') })
      .start()
      .then((running) => (cleanUp.push(() => running.stop()), running));
    const durability = `SELECT current_setting('fsync') AS fsync, current_setting('synchronous_commit') AS commit,
                               current_setting('full_page_writes') AS pages`;
    expect(await ask(connectionString, durability)).toEqual([{ fsync: 'on', commit: 'on', pages: 'on' }]);
  });

  it('lets nobody in without its password', async () => {
    await givenCluster();
    const { connectionString } = await start();
    const url = new URL(connectionString);
    url.password = 'muster';
    await expect(ask(url.href, 'SELECT 1')).rejects.toThrow('password authentication failed');
  });

  it('passes none of our environment on to the server', async () => {
    await givenCluster();
    process.env['CANARY_SECRET'] = 'canary';
    cleanUp.push(() => delete process.env['CANARY_SECRET']);
    const { pid } = await start();
    if (process.platform !== 'linux') return expect(isAlive(pid)).toBe(true);
    expect(await readFile(`/proc/${pid}/environ`, 'utf8')).not.toContain('canary');
  });

  it('stops the server of a killed owner, recovers, and keeps what was committed', async () => {
    await givenCluster();
    const dataDir = join(folder, 'data');
    const { child, said } = await owner(dataDir);
    await ask(String(said['connectionString']), `CREATE TABLE kept AS SELECT 1 AS n`);
    await kill(child);
    expect(isAlive(Number(said['pid']))).toBe(true);

    const running = await start();
    expect(await runningProcess(Number(said['pid']))).toBeUndefined();
    expect(running.pid).not.toBe(said['pid']);
    expect(await ask(running.connectionString, 'SELECT n FROM kept')).toEqual([{ n: 1 }]);
  });

  it('recovers when server and owner were killed together', async () => {
    await givenCluster();
    const { child, said } = await owner(join(folder, 'data'));
    await ask(String(said['connectionString']), `CREATE TABLE kept AS SELECT 2 AS n`);
    await kill(child);
    process.kill(Number(said['pid']), 'SIGKILL');
    const running = await start();
    expect(await ask(running.connectionString, 'SELECT n FROM kept')).toEqual([{ n: 2 }]);
  });

  it('leaves the server of a living owner alone', async () => {
    await givenCluster();
    const dataDir = join(folder, 'data');
    const { child, said } = await owner(dataDir);
    const error = await refusal(start());
    expect(error.code).toBe('folder-in-use');
    expect(error.message).toContain(String(child.pid));
    expect(await ask(String(said['connectionString']), 'SELECT 1 AS n')).toEqual([{ n: 1 }]);
    await kill(child);
    await (await start()).stop();
  });

  it('does not touch a foreign process whose id stands in a stale lock file', async () => {
    await givenCluster();
    const bystander = spawn(process.execPath, ['-e', 'setInterval(() => {}, 1000)', 'postgres'], { stdio: 'ignore' });
    cleanUp.push(() => bystander.kill('SIGKILL'));
    await once(bystander, 'spawn');
    const lock = join(folder, 'data', 'cluster', 'postmaster.pid');
    await writeFile(lock, `${bystander.pid}\n${join(folder, 'data', 'cluster')}\n`);
    await start();
    expect(await runningProcess(Number(bystander.pid))).toBeDefined();
  });

  it('begins anew where an initdb was killed half way', async () => {
    await mkdir(join(folder, 'data', 'cluster.new', 'base'), { recursive: true });
    await writeFile(join(folder, 'data', 'cluster.new', 'PG_VERSION'), '18\n');
    const { connectionString } = await start();
    expect(await ask(connectionString, 'SELECT 1 AS n')).toEqual([{ n: 1 }]);
  });

  it('tells its owner when it ends by itself, and not when it is stopped', async () => {
    await givenCluster();
    const ends: string[] = [];
    const onUnexpectedExit = (error: Error): void => void ends.push(error.message);
    const stopped = await start({ onUnexpectedExit });
    await Promise.all([stopped.stop(), stopped.stop()]);
    expect(ends).toEqual([]);

    const told = new Promise<Error>(
      (tell) => void start({ onUnexpectedExit: tell }).then(({ pid }) => process.kill(pid, 'SIGKILL')),
    );
    expect((await told).message).toContain('SIGKILL');
  });
});

describe('the embedded Postgres refuses, with a reason,', () => {
  it('a platform without binaries', () => {
    expect(() => packageFolder('sunos', 'sparc')).toThrow(/no embedded Postgres for sunos-sparc.*DATABASE_URL/);
  });

  it('a package that is not installed', () => {
    const [platform, arch] = process.platform === 'darwin' ? ['linux', process.arch] : ['darwin', 'arm64'];
    expect(() => packageFolder(platform, arch)).toThrow(/is not installed.*npm ci/);
  });

  it('a port that is taken', async () => {
    await givenCluster();
    const listener = createServer().listen(0, '127.0.0.1');
    await once(listener, 'listening');
    cleanUp.push(() => listener.close());
    const { port } = listener.address() as AddressInfo;
    const error = await refusal(start({ port }));
    expect(error.code).toBe('port-in-use');
    expect(error.message).toContain(String(port));
  });

  it('a cluster of another version', async () => {
    await givenCluster();
    await writeFile(join(folder, 'data', 'cluster', 'PG_VERSION'), '13\n');
    const error = await refusal(start());
    expect(error.code).toBe('version-mismatch');
    expect(error.message).toMatch(/made by Postgres 13 and this is Postgres 18/);
  });

  it.each([
    ['no version', (cluster: string) => rm(join(cluster, 'PG_VERSION'))],
    ['no control file', (cluster: string) => rm(join(cluster, 'global', 'pg_control'))],
    ['a garbled control file', (cluster: string) => writeFile(join(cluster, 'global', 'pg_control'), 'x'.repeat(8192))],
    ['no log', (cluster: string) => rename(join(cluster, 'pg_wal'), join(cluster, 'gone'))],
  ])('a data folder with %s', async (_what, damage) => {
    await givenCluster();
    await damage(join(folder, 'data', 'cluster'));
    expect((await refusal(start())).code).toBe('data-corrupt');
  });

  it('a data folder without its password', async () => {
    await givenCluster();
    await rm(join(folder, 'data', 'password'));
    const error = await refusal(start());
    expect(error.code).toBe('data-corrupt');
    expect(error.message).toContain('password');
    const left = await readFile(join(folder, 'data', 'cluster', 'postmaster.pid'), 'utf8').catch(() => 'none');
    expect(left).toBe('none');
  });

  it('a data folder in which others keep things', async () => {
    await mkdir(join(folder, 'data'));
    await writeFile(join(folder, 'data', 'thesis.txt'), '');
    const error = await refusal(start());
    expect(error.message).toContain('thesis.txt');
    expect((await stat(join(folder, 'data'))).uid).toBe(process.getuid?.());
  });

  it('a data folder that is a file', async () => {
    await writeFile(join(folder, 'data'), '');
    expect((await refusal(start())).code).toBe('folder-unreachable');
  });
});

describeIf(IS_ROOT, 'only root can change users')('started by root', () => {
  it('runs as nobody', async () => {
    await givenCluster();
    const { pid } = await start();
    const status = await readFile(`/proc/${pid}/status`, 'utf8');
    expect(/^Uid:\s+(\d+)/m.exec(status)?.[1]).toBe(String(NOBODY));
  });

  it('copies binaries that nobody cannot reach to where nobody can, once', async () => {
    const version = `0.0.0-${folder.slice(-6)}`;
    const nobody = { uid: NOBODY, gid: NOBODY };
    const home = join(folder, 'home');
    await mkdir(join(home, 'native', 'bin'), { recursive: true });
    await writeFile(join(home, 'package.json'), JSON.stringify({ version }));
    await writeFile(join(home, 'native', 'bin', 'postgres'), 'program', { mode: 0o755 });
    expect(await reachableCopy(home, nobody)).toBe(join(home, 'native'));

    await chmod(home, 0o700);
    const copy = await reachableCopy(home, nobody);
    cleanUp.push(() => rm(copy, { recursive: true }));
    expect(await unreachablePart(join(copy, 'bin'), nobody)).toBeUndefined();
    expect(await readFile(join(copy, 'bin', 'postgres'), 'utf8')).toBe('program');
    expect(await reachableCopy(home, nobody)).toBe(copy);

    await chmod(copy, 0o777);
    expect((await refusal(reachableCopy(home, nobody))).message).toContain('does not belong to root alone');
  });

  it('names the folder that nobody cannot enter', async () => {
    await chmod(folder, 0o700);
    const error = await refusal(start());
    expect(error.code).toBe('folder-unreachable');
    expect(error.message).toContain(folder);
    expect(await firstReachableFolder(join(folder, 'data'), join(tmpdir(), 'elsewhere'))).toBe(
      join(tmpdir(), 'elsewhere'),
    );
  });
});

describeIf(NOBODY_READS_THIS, 'only root can become another user, who must be able to read the checkout')(
  'started by an ordinary user',
  () => {
    it('runs as that user', async () => {
      const dataDir = join(folder, 'own');
      await mkdir(dataDir);
      await chown(dataDir, NOBODY, NOBODY);
      const { child, said } = await owner(dataDir, NOBODY);
      expect(said['uid']).toBe(NOBODY);
      expect(await ask(String(said['connectionString']), 'SELECT 1 AS n')).toEqual([{ n: 1 }]);
      await kill(child);
      process.kill(Number(said['pid']), 'SIGINT');
      while (await runningProcess(Number(said['pid']))) await new Promise((later) => setTimeout(later, 20));
      expect(await readdir(join(dataDir, 'cluster'))).not.toContain('postmaster.pid');
    });

    it('says so when it may not write to the folder', async () => {
      const dataDir = join(folder, 'closed');
      await mkdir(dataDir, { mode: 0o755 });
      const { said } = await owner(join(dataDir, 'data'), NOBODY);
      expect(said['code']).toBe('folder-unreachable');
    });
  },
);
