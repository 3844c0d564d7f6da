/** `npm start`: installs and builds what is missing or changed, then runs the standalone application in the foreground. */
import { spawn } from 'node:child_process';
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { ensureInstalled, requireNode } from './install.mjs';
import { ROOT } from './process.mjs';
import { packageFolders } from './workspace.mjs';

requireNode();
ensureInstalled();

const { build } = await import('./build.mjs');
const { written, errors } = await build(packageFolders());
if (errors.length > 0) {
  errors.forEach((error) => console.error(error));
  process.exit(1);
}
if (written > 0) console.log(`Built ${written} files.`);

const main = join(ROOT, 'apps', 'standalone', 'dist', 'main.js');
if (!existsSync(main)) {
  console.error(`${main} was not built: apps/standalone/src/main.ts is missing.`);
  process.exit(1);
}
// A line for every request would push the guide out of the terminal.
const env = { LOG_LEVEL: 'warn', ...process.env };
const app = spawn(process.execPath, ['--enable-source-maps', main, ...process.argv.slice(2)], {
  stdio: 'inherit',
  env,
});
// In a terminal Ctrl+C reaches the application by itself; this process only waits until it has shut down.
for (const signal of ['SIGTERM', 'SIGHUP']) process.on(signal, () => app.kill(signal));
process.on('SIGINT', () => {
  if (!process.stdin.isTTY) app.kill('SIGINT');
});
app.once('error', (error) => {
  console.error(error.message);
  process.exit(1);
});
app.once('exit', (code, signal) => {
  if (signal) console.error(`Muster was ended by ${signal}`);
  process.exit(code ?? 1);
});
