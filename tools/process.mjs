import { spawnSync } from 'node:child_process';
import { existsSync, readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

/** Folder of the checkout. */
export const ROOT = dirname(dirname(fileURLToPath(import.meta.url)));

/** The script that a package installs under this name: run by our own Node, without a shell and without npx. */
export function binary(name, packageName = name) {
  const folder = join(ROOT, 'node_modules', packageName);
  const manifest = JSON.parse(readFileSync(join(folder, 'package.json'), 'utf8'));
  const file = typeof manifest.bin === 'string' ? manifest.bin : manifest.bin[name];
  const path = join(folder, file);
  if (!existsSync(path)) throw new Error(`${packageName} has no ${name}: run npm ci`);
  return path;
}

/** Environment of every tool: no daemon stays behind. */
export const environment = () => ({ ...process.env, NX_DAEMON: 'false' });

/** Runs an installed tool in the checkout and ends this process with its exit code if that is not 0. */
export function run(name, args, { packageName, quiet = false } = {}) {
  const { status, signal, stdout, stderr } = spawnSync(process.execPath, [binary(name, packageName), ...args], {
    cwd: ROOT,
    env: environment(),
    stdio: quiet ? 'pipe' : 'inherit',
    encoding: 'utf8',
  });
  if (status === 0) return;
  if (quiet) process.stderr.write(`${stdout}${stderr}`);
  if (signal) console.error(`${name} was ended by ${signal}`);
  process.exit(status ?? 1);
}
