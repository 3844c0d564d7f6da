import { execFile } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { chown, mkdir, readdir, readFile, rename, rm, stat, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { promisify } from 'node:util';
import type { Binaries } from './binaries';
import { childEnvironment } from './environment';
import { EmbeddedPostgresError, hasCode } from './errors';
import { unreachablePart, type ServerUser } from './server-user';

const run = promisify(execFile);
const OURS: readonly string[] = ['cluster', 'cluster.new', 'owner', 'password', 'lost+found'];

/**
 * The data folder: `cluster/` is Postgres's own, `password` the superuser's, `owner` the id of the process that started
 * the server. A cluster is made under another name and renamed when whole, so a killed initdb leaves nothing behind.
 */
export class Cluster {
  /** Postgres's own folder. */
  readonly folder: string;
  private readonly passwordFile: string;
  private readonly ownerFile: string;

  constructor(
    private readonly dataDir: string,
    private readonly binaries: Binaries,
    private readonly user: ServerUser | undefined,
  ) {
    this.folder = join(dataDir, 'cluster');
    this.passwordFile = join(dataDir, 'password');
    this.ownerFile = join(dataDir, 'owner');
  }

  /** Creates the folder and makes sure that the server's user can work in it. */
  async prepareFolder(): Promise<void> {
    if (this.user) {
      const closed = await unreachablePart(join(this.dataDir, '..'), this.user);
      if (closed !== undefined) throw this.unreachable(closed);
    }
    try {
      await mkdir(this.dataDir, { recursive: true, mode: 0o700 });
      await this.requireOurs();
      if (this.user) await chown(this.dataDir, this.user.uid, this.user.gid);
    } catch (error) {
      if (!hasCode(error, 'EACCES', 'EPERM', 'ENOTDIR', 'EROFS', 'EEXIST', 'ENOENT')) throw error;
      throw new EmbeddedPostgresError(
        'folder-unreachable',
        `The data folder ${this.dataDir} cannot be created or given to the server: ${String(error)}`,
      );
    }
  }

  /** A folder with other things in it is somebody's: it is neither given away nor filled. */
  private async requireOurs(): Promise<void> {
    const names = await readdir(this.dataDir);
    const foreign = names.find((name) => !OURS.includes(name));
    if (foreign === undefined) return;
    throw new EmbeddedPostgresError(
      'folder-unreachable',
      `${this.dataDir} holds other things (${foreign}): choose a folder for Postgres alone.`,
    );
  }

  /** Runs initdb when there is no cluster yet, and refuses one of another major version or a damaged one. */
  async initialise(throwaway: boolean): Promise<void> {
    if (!(await stat(this.folder).catch(() => undefined))) {
      await this.create(throwaway);
      return;
    }
    const found = (await readFile(join(this.folder, 'PG_VERSION'), 'utf8').catch(() => '')).trim();
    if (found === '' || !(await stat(join(this.folder, 'global', 'pg_control')).catch(() => undefined))) {
      throw new EmbeddedPostgresError(
        'data-corrupt',
        `${this.folder} is not a whole Postgres cluster: restore it from a backup, or remove ${this.dataDir} to begin anew.`,
      );
    }
    const major = await this.majorVersion();
    if (found !== major) {
      throw new EmbeddedPostgresError(
        'version-mismatch',
        `${this.folder} was made by Postgres ${found} and this is Postgres ${major}: dump it with the old version and restore it into a new folder.`,
      );
    }
  }

  /** The superuser's password, made at random with the cluster. */
  async password(): Promise<string> {
    try {
      return (await readFile(this.passwordFile, 'utf8')).trim();
    } catch {
      throw new EmbeddedPostgresError(
        'data-corrupt',
        `${this.passwordFile} is missing: without the password of the superuser the cluster cannot be used.`,
      );
    }
  }

  /** Id of the process that started the server last and has not stopped it, if any. */
  async owner(): Promise<number | undefined> {
    const text = await readFile(this.ownerFile, 'utf8').catch(() => '');
    return /^\d+$/.test(text) ? Number(text) : undefined;
  }

  async recordOwner(): Promise<void> {
    await writeFile(this.ownerFile, String(process.pid), { mode: 0o600 });
  }

  async forgetOwner(): Promise<void> {
    await rm(this.ownerFile, { force: true });
  }

  /** Id of the postmaster by its own lock file, if any. */
  async postmaster(): Promise<number | undefined> {
    const text = await readFile(join(this.folder, 'postmaster.pid'), 'utf8').catch(() => '');
    const pid = Number.parseInt(text, 10);
    return pid > 0 ? pid : undefined;
  }

  /**
   * Postgres refuses to start while any process has the id in its lock file, corpses and strangers included. It ignores
   * its own parent's id: that is put there, so its further checks (is the shared memory still in use?) stay in force.
   */
  async disclaimPostmaster(): Promise<void> {
    const file = join(this.folder, 'postmaster.pid');
    const [, ...rest] = (await readFile(file, 'utf8')).split('\n');
    await writeFile(file, [String(process.pid), ...rest].join('\n'));
  }

  private async create(throwaway: boolean): Promise<void> {
    const unfinished = `${this.folder}.new`;
    await rm(unfinished, { recursive: true, force: true });
    await writeFile(this.passwordFile, randomBytes(24).toString('base64url'), { mode: 0o600 });
    if (this.user) await chown(this.passwordFile, this.user.uid, this.user.gid);
    const args = ['-D', unfinished, '-U', 'muster', `--pwfile=${this.passwordFile}`, '--auth=scram-sha-256'];
    args.push('--encoding=UTF8', '--locale-provider=builtin', '--builtin-locale=C.UTF-8', '--locale=C');
    args.push('--no-instructions', ...(throwaway ? ['--no-sync'] : []));
    try {
      await run(this.binaries.initdb, args, { ...this.user, cwd: this.dataDir, env: childEnvironment() });
    } catch (error) {
      const detail =
        typeof error === 'object' && error !== null && 'stderr' in error ? String(error.stderr).trim() : String(error);
      throw new EmbeddedPostgresError('initialisation-failed', `initdb failed in ${this.dataDir}: ${detail}`);
    }
    await rename(unfinished, this.folder);
  }

  private async majorVersion(): Promise<string> {
    const { stdout } = await run(this.binaries.postgres, ['--version'], { ...this.user, cwd: this.dataDir });
    return /(\d+)(\.|devel|beta|rc)/.exec(stdout)?.[1] ?? stdout.trim();
  }

  private unreachable(closed: string): EmbeddedPostgresError {
    return new EmbeddedPostgresError(
      'folder-unreachable',
      `As root, Postgres is run as nobody, who cannot enter ${closed}: choose a data folder outside it, or chmod o+x it.`,
    );
  }
}
