/**
 * `npm run typecheck`: TypeScript 7 over the whole tree, which takes seconds. With folders given, only what is wrong in
 * them is shown and counts.
 */
import { spawnSync } from 'node:child_process';
import { binary, ROOT } from './process.mjs';

const folders = process.argv.slice(2).map((folder) => folder.replace(/\/*$/, '/'));
const { stdout, stderr, status } = spawnSync(
  process.execPath,
  [binary('tsc', 'typescript7'), '-p', 'tsconfig.json', '--pretty', 'false'],
  { cwd: ROOT, encoding: 'utf8', maxBuffer: 64 * 1024 * 1024 },
);
process.stderr.write(stderr);
const lines = stdout.split('\n').filter((line) => line !== '');
const shown = folders.length === 0 ? lines : lines.filter((line) => folders.some((folder) => line.startsWith(folder)));
shown.forEach((line) => console.log(line));
process.exitCode = status !== 0 && (folders.length === 0 || shown.length > 0) ? 1 : 0;
