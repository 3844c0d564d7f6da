import { execFile } from 'node:child_process';
import { setTimeout as sleep } from 'node:timers/promises';
import { promisify } from 'node:util';
import type { Binaries } from './binaries';
import type { Cluster } from './cluster';
import { EmbeddedPostgresError, hasCode } from './errors';
import { isAlive, runningProcess, type RunningProcess } from './running-process';
import type { ServerUser } from './server-user';

const run = promisify(execFile);
const FAST_SHUTDOWN_MS = 60_000;
const POLL_MS = 20;

/** Fast shutdown, and an immediate one (recovered at the next start) if that takes longer than a minute. */
export async function shutDown(
  postmaster: number,
  folder: string,
  binaries: Binaries,
  user: ServerUser | undefined,
): Promise<void> {
  if (process.platform === 'win32') {
    await run(binaries.pgCtl, ['stop', '-D', folder, '-m', 'fast', '-w'], { ...user, cwd: folder });
    return;
  }
  signal(postmaster, 'SIGINT');
  if (await ended(postmaster, FAST_SHUTDOWN_MS)) return;
  signal(postmaster, 'SIGQUIT');
  if (await ended(postmaster, FAST_SHUTDOWN_MS)) return;
  throw new EmbeddedPostgresError('start-failed', `Postgres (process ${String(postmaster)}) does not stop.`);
}

/**
 * A killed owner leaves its server running: stops it. A server whose owner lives is left alone and refused, and so is
 * nothing else harmed: the process must be a postgres that was started on this very folder.
 */
export async function stopOrphan(cluster: Cluster, binaries: Binaries, user: ServerUser | undefined): Promise<void> {
  const pid = await cluster.postmaster();
  if (pid === undefined) return;
  const found = await runningProcess(pid);
  if (!found || !isServerOf(cluster.folder, found)) {
    // Gone, a corpse that nobody reaped (usual in containers), or another process with a used-again id.
    if (found?.commandLine !== '') await cluster.disclaimPostmaster();
    return;
  }
  const owner = await cluster.owner();
  if (owner !== undefined && isAlive(owner) && (found.parent === undefined || found.parent === owner)) {
    throw new EmbeddedPostgresError(
      'folder-in-use',
      `The data folder ${cluster.folder} is in use by process ${String(owner)}: stop that one, or use another folder.`,
    );
  }
  await shutDown(pid, cluster.folder, binaries, user);
}

function isServerOf(folder: string, { commandLine }: RunningProcess): boolean {
  if (process.platform === 'win32') return commandLine.includes('postgres.exe');
  return commandLine.includes('postgres') && commandLine.includes(` -D ${folder} `);
}

async function ended(pid: number, withinMs: number): Promise<boolean> {
  for (let waited = 0; waited < withinMs; waited += POLL_MS) {
    if (!(await runningProcess(pid))) return true;
    await sleep(POLL_MS);
  }
  return false;
}

function signal(pid: number, name: NodeJS.Signals): void {
  try {
    process.kill(pid, name);
  } catch (error) {
    if (!hasCode(error, 'ESRCH')) throw error;
  }
}
