import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { connect, createServer, type AddressInfo } from 'node:net';
import { resolve } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { installedBinaries, type Binaries } from './binaries';
import { Cluster } from './cluster';
import { childEnvironment } from './environment';
import { EmbeddedPostgresError } from './errors';
import { serverUser, type ServerUser } from './server-user';
import { durableSettings, settingArguments, type PostgresSettings } from './settings';
import { shutDown, stopOrphan } from './shutdown';

export interface EmbeddedPostgresOptions {
  /** Where everything is kept: created if missing. As root, `nobody` must be able to enter it. */
  readonly dataDir: string;
  /** TCP port on 127.0.0.1; absent: any free one. */
  readonly port?: number;
  /** Server settings; default {@link durableSettings}. */
  readonly settings?: PostgresSettings;
  /** Receives the server's log, line by line. */
  readonly log?: (line: string) => void;
  /** Called once if the server ends although nobody called `stop()`. */
  readonly onUnexpectedExit?: (error: EmbeddedPostgresError) => void;
  /** How long crash recovery may take before the start is given up. Default 300,000 ms. */
  readonly startTimeoutMs?: number;
}

/** A server that runs. */
export interface RunningPostgres {
  /** Of the superuser `muster` and the database `postgres`, with the password. */
  readonly connectionString: string;
  readonly port: number;
  /** Process id of the postmaster. */
  readonly pid: number;
  /** Fast shutdown: open transactions are rolled back, data is flushed. May be called more than once. */
  stop(): Promise<void>;
}

const HOST = '127.0.0.1';
const ATTEMPTS = 20;
const RETRY_MS = 250;

/**
 * A real Postgres from npm, started and stopped with this process. It installs no exit hooks: the owner calls `stop()`
 * after its own connections are closed. If the owner is killed, the next start on the folder stops what was left.
 */
export class EmbeddedPostgres {
  private readonly dataDir: string;

  constructor(private readonly options: EmbeddedPostgresOptions) {
    this.dataDir = resolve(options.dataDir);
  }

  /** @throws EmbeddedPostgresError with a code and a message that says what to do. */
  async start(): Promise<RunningPostgres> {
    const user = await serverUser();
    const binaries = await installedBinaries(user);
    const cluster = new Cluster(this.dataDir, binaries, user);
    await cluster.prepareFolder();
    await stopOrphan(cluster, binaries, user);
    await cluster.initialise(this.isThrowaway());
    const password = await cluster.password();
    const { child, port } = await this.launch(cluster, binaries, user);
    await cluster.recordOwner();
    return this.handle(child, port, password, cluster, binaries, user);
  }

  private isThrowaway(): boolean {
    return this.options.settings?.['fsync'] === false;
  }

  private async launch(cluster: Cluster, binaries: Binaries, user: ServerUser | undefined): Promise<Launched> {
    const { port } = this.options;
    if (port !== undefined && (await isTaken(port))) throw portInUse(port);
    for (let attempt = 1; ; attempt++) {
      const chosen = port ?? (await freePort());
      try {
        return { port: chosen, child: await this.spawnServer(chosen, cluster, binaries, user) };
      } catch (error) {
        if (attempt === ATTEMPTS || !isPassing(error, port === undefined)) throw error;
        await sleep(RETRY_MS);
      }
    }
  }

  private async spawnServer(
    port: number,
    cluster: Cluster,
    binaries: Binaries,
    user: ServerUser | undefined,
  ): Promise<ChildProcess> {
    const fixed: PostgresSettings = { port, listen_addresses: HOST, unix_socket_directories: '' };
    const args = ['-D', cluster.folder, ...settingArguments({ ...this.settings(), ...fixed })];
    // A session of its own: Ctrl+C in the terminal reaches the owner only, which stops the server last.
    const child = spawn(binaries.postgres, args, {
      ...user,
      cwd: cluster.folder,
      env: childEnvironment(),
      stdio: ['ignore', 'ignore', 'pipe'],
      detached: true,
      windowsHide: true,
    });
    try {
      await this.untilReady(child, port);
    } catch (error) {
      if (child.pid !== undefined && child.exitCode === null && child.signalCode === null) child.kill('SIGKILL');
      throw error;
    }
    return child;
  }

  private settings(): PostgresSettings {
    return this.options.settings ?? durableSettings;
  }

  private async untilReady(child: ChildProcess, port: number): Promise<void> {
    const tail: string[] = [];
    const timeoutMs = this.options.startTimeoutMs ?? 300_000;
    await new Promise<void>((ready, failed) => {
      const fail = (reason: string): void => {
        clearTimeout(timer);
        failed(startFailure(reason, tail, port));
      };
      const timer = setTimeout(() => {
        fail(`not ready after ${String(timeoutMs)} ms`);
      }, timeoutMs);
      child.once('error', (error) => {
        fail(error.message);
      });
      child.once('exit', (code, signal) => {
        fail(`it ended with ${String(code ?? signal)}`);
      });
      onLines(child, (line) => {
        tail.push(line);
        if (tail.length > 20) tail.shift();
        this.options.log?.(line);
        if (line.includes('database system is ready to accept connections')) {
          clearTimeout(timer);
          ready();
        }
      });
    });
  }

  private handle(
    child: ChildProcess,
    port: number,
    password: string,
    cluster: Cluster,
    binaries: Binaries,
    user: ServerUser | undefined,
  ): RunningPostgres {
    const pid = child.pid;
    if (pid === undefined) throw new EmbeddedPostgresError('start-failed', 'Postgres has no process id.');
    let stopped: Promise<void> | undefined;
    child.once('exit', (code, signal) => {
      if (stopped) return;
      this.options.onUnexpectedExit?.(
        new EmbeddedPostgresError('start-failed', `Postgres ended by itself with ${String(code ?? signal)}.`),
      );
    });
    const stop = async (): Promise<void> => {
      if (child.exitCode === null && child.signalCode === null) {
        const exited = once(child, 'exit');
        await shutDown(pid, cluster.folder, binaries, user);
        await exited;
      }
      await cluster.forgetOwner();
    };
    return {
      connectionString: `postgres://muster:${encodeURIComponent(password)}@${HOST}:${String(port)}/postgres`,
      port,
      pid,
      stop: () => (stopped ??= stop()),
    };
  }
}

/** Stops the server that a killed process left running on this folder, if there is one. */
export async function stopLeftBehind(dataDir: string): Promise<void> {
  const user = await serverUser();
  const binaries = await installedBinaries(user);
  await stopOrphan(new Cluster(resolve(dataDir), binaries, user), binaries, user);
}

interface Launched {
  readonly child: ChildProcess;
  readonly port: number;
}

/** Calls `take` with each complete line of the server's log. */
function onLines(child: ChildProcess, take: (line: string) => void): void {
  let rest = '';
  child.stderr?.setEncoding('utf8').on('data', (text: string) => {
    const lines = (rest + text).split(/\r?\n/);
    rest = lines.pop() ?? '';
    lines.forEach(take);
  });
}

async function freePort(): Promise<number> {
  const probe = createServer();
  probe.listen(0, HOST);
  await once(probe, 'listening');
  const { port } = probe.address() as AddressInfo;
  probe.close();
  await once(probe, 'close');
  return port;
}

async function isTaken(port: number): Promise<boolean> {
  return new Promise((answer) => {
    const probe = connect({ host: HOST, port });
    probe.once('connect', () => {
      probe.destroy();
      answer(true);
    });
    probe.once('error', () => {
      answer(false);
    });
  });
}

/** A port lost in a race, or the last backends of a killed server, which end within moments. */
function isPassing(error: unknown, portIsFree: boolean): boolean {
  if (!(error instanceof EmbeddedPostgresError)) return false;
  return error.code === 'folder-in-use' || (portIsFree && error.code === 'port-in-use');
}

function portInUse(port: number): EmbeddedPostgresError {
  return new EmbeddedPostgresError(
    'port-in-use',
    `Port ${String(port)} on ${HOST} is in use: stop what listens there or choose another port.`,
  );
}

function startFailure(reason: string, tail: readonly string[], port: number): EmbeddedPostgresError {
  const log = tail.join('\n');
  if (log.includes('Address already in use')) return portInUse(port);
  if (/Is another postmaster|still in use/.test(log)) {
    return new EmbeddedPostgresError('folder-in-use', `Another Postgres runs on the data folder.\n${log}`);
  }
  if (
    /database files are incompatible|could not locate a valid checkpoint|invalid (primary )?checkpoint|(could not open (file|directory)|required WAL directory) "(global|pg_)|PANIC:/.test(
      log,
    )
  ) {
    return new EmbeddedPostgresError(
      'data-corrupt',
      `Postgres cannot read its data folder (${reason}): restore it from a backup, or remove it to begin anew.\n${log}`,
    );
  }
  return new EmbeddedPostgresError('start-failed', `Postgres did not start: ${reason}.\n${log}`);
}
