/** `npm run bench`: installs and builds what is missing or changed, then measures (`npm run bench -- --help`). */
import { spawn } from 'node:child_process';
import { join } from 'node:path';
import { ensureInstalled, requireNode } from './install.mjs';
import { ROOT } from './process.mjs';
import { packageFolders } from './workspace.mjs';

requireNode();
ensureInstalled();

const { build } = await import('./build.mjs');
// The console is no part of what is measured.
const { errors } = await build(packageFolders().filter((folder) => folder !== 'apps/console'));
if (errors.length > 0) {
  errors.forEach((error) => console.error(error));
  process.exit(1);
}

const main = join(ROOT, 'bench', 'dist', 'main.js');
const bench = spawn(process.execPath, ['--enable-source-maps', main, ...process.argv.slice(2)], { stdio: 'inherit' });
// In a terminal Ctrl+C reaches it by itself; this process only waits until it has cleaned up.
for (const signal of ['SIGTERM', 'SIGHUP']) process.on(signal, () => bench.kill('SIGTERM'));
process.on('SIGINT', () => {
  if (!process.stdin.isTTY) bench.kill('SIGINT');
});
bench.once('exit', (code) => process.exit(code ?? 1));
