import { spawnSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { ROOT } from './process.mjs';

/** Ends the process with a plain line when this Node is older than package.json asks for. */
export function requireNode(version = process.versions.node, root = ROOT) {
  const { engines } = readJson(join(root, 'package.json'));
  const [major, minor] = engines.node.replace('>=', '').split('.').map(Number);
  const [ours, oursMinor] = version.split('.').map(Number);
  if (ours > major || (ours === major && oursMinor >= minor)) return;
  console.error(`Muster needs Node ${engines.node} and this is Node ${version}: install a newer one, for example 24.`);
  process.exit(1);
}

/**
 * Runs `npm ci` when what is installed is not what the lockfile says. The lockfile's hash is kept in node_modules; an
 * installation made by hand is recognised by npm's own record of it, so nothing is installed twice.
 */
export function ensureInstalled(root = ROOT, install = npmCi) {
  const lockfile = readFileSync(join(root, 'package-lock.json'));
  const hash = createHash('sha256').update(lockfile).digest('hex');
  const stamp = join(root, 'node_modules', '.muster-lock');
  if (existsSync(stamp) && readFileSync(stamp, 'utf8') === hash) return false;
  const asLocked = isInstalled(root, JSON.parse(lockfile.toString()));
  if (!asLocked) {
    console.log('Installing packages (npm ci); the first time this takes a minute or two ...');
    install(root);
  }
  writeFileSync(stamp, hash);
  return !asLocked;
}

/** Whether npm's record of what it installed agrees with the lockfile; optional packages of other platforms may miss. */
function isInstalled(root, { packages: locked }) {
  const record = join(root, 'node_modules', '.package-lock.json');
  if (!existsSync(record)) return false;
  const { packages: installed } = readJson(record);
  const same = (name) => installed[name]?.version === locked[name]?.version;
  const needed = Object.keys(locked).filter(
    (name) =>
      name.includes('node_modules/') && !locked[name].optional && !locked[name].devOptional && !locked[name].link,
  );
  return needed.every(same) && Object.keys(installed).every((name) => installed[name].link || same(name));
}

function npmCi(root) {
  const npm = process.env.npm_execpath;
  const [command, args] = npm ? [process.execPath, [npm, 'ci']] : ['npm', ['ci']];
  const { status } = spawnSync(command, args, {
    cwd: root,
    stdio: 'inherit',
    shell: !npm && process.platform === 'win32',
  });
  if (status !== 0) {
    console.error('npm ci failed: see its message above.');
    process.exit(status ?? 1);
  }
}

const readJson = (file) => JSON.parse(readFileSync(file, 'utf8'));
