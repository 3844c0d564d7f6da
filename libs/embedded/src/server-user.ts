import { execFile } from 'node:child_process';
import { realpath, stat } from 'node:fs/promises';
import { dirname, resolve } from 'node:path';
import { promisify } from 'node:util';
import { EmbeddedPostgresError } from './errors';

const run = promisify(execFile);

/** The unprivileged user the server runs as when this process is root (Postgres refuses to run as root). */
export interface ServerUser {
  readonly uid: number;
  readonly gid: number;
}

const UNPRIVILEGED = 'nobody';

/** `nobody` when this process is root, else undefined: the server then runs as the user of this process. */
export async function serverUser(): Promise<ServerUser | undefined> {
  if (process.getuid?.() !== 0) return undefined;
  try {
    const [uid, gid] = await Promise.all([run('id', ['-u', UNPRIVILEGED]), run('id', ['-g', UNPRIVILEGED])]);
    return { uid: Number(uid.stdout), gid: Number(gid.stdout) };
  } catch {
    throw new EmbeddedPostgresError(
      'start-failed',
      `Postgres does not run as root and there is no user ${UNPRIVILEGED} to run it as: start as another user.`,
    );
  }
}

/** The first existing part of `path` that `user` may not enter, or undefined if all may be entered. */
export async function unreachablePart(path: string, user: ServerUser): Promise<string | undefined> {
  for (const part of await existingParts(resolve(path))) {
    const { mode, uid, gid } = await stat(part);
    const executable = uid === user.uid ? 0o100 : gid === user.gid ? 0o010 : 0o001;
    if ((mode & executable) === 0) return part;
  }
  return undefined;
}

/** The existing folders from the root to `path`, with symbolic links followed. */
async function existingParts(path: string): Promise<string[]> {
  const real = await realpath(path).catch(() => undefined);
  if (real === undefined) return existingParts(dirname(path));
  const parts = [real];
  for (let part = real; dirname(part) !== part; part = dirname(part)) parts.unshift(dirname(part));
  return parts;
}

/**
 * The first of these folders in which the server could keep its data: all parents can be entered by the user it runs
 * as. The last one is returned even if not, so that the start says why. A checkout in root's home is the usual reason.
 */
export async function firstReachableFolder(...folders: readonly [string, ...string[]]): Promise<string> {
  const user = await serverUser();
  for (const folder of folders) {
    if (!user || (await unreachablePart(dirname(resolve(folder)), user)) === undefined) return folder;
  }
  return folders[folders.length - 1] ?? folders[0];
}
