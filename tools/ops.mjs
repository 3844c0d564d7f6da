/** `npm run ops -- <command line>`: builds what is missing or changed, then runs muster-ops. */
import { spawnSync } from 'node:child_process';
import { ensureInstalled, requireNode } from './install.mjs';
import { ROOT } from './process.mjs';
import { packageFolders } from './workspace.mjs';

requireNode();
ensureInstalled();

const { build } = await import('./build.mjs');
const { errors } = await build(packageFolders());
if (errors.length > 0) {
  errors.forEach((error) => console.error(error));
  process.exit(1);
}
const main = ['--enable-source-maps', 'apps/ops/dist/main.js'];
const { status } = spawnSync(process.execPath, [...main, ...process.argv.slice(2)], { cwd: ROOT, stdio: 'inherit' });
process.exit(status ?? 1);
