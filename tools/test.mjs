/**
 * `npm test`: every Jest project (unit, int, e2e); arguments are passed on. Ends with a line `N passed, N failed`, after
 * the skipped tests with their reasons. Nothing run at all is a failure.
 */
import { spawnSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { ensureInstalled, requireNode } from './install.mjs';
import { binary, environment, ROOT } from './process.mjs';
import { summary } from './test-summary.mjs';

requireNode();
ensureInstalled();

const folder = mkdtempSync(join(tmpdir(), 'muster-result-'));
const result = join(folder, 'jest.json');
const { status } = spawnSync(
  process.execPath,
  [
    binary('jest'),
    '--json',
    `--outputFile=${result}`,
    '--maxWorkers=2',
    // A worker keeps much of what its files have loaded: it gets slow before it gets full.
    '--workerIdleMemoryLimit=1500MB',
    '--testTimeout=60000',
    ...process.argv.slice(2),
  ],
  // With --json the report goes to standard output as one line of JSON, which the file holds already.
  { cwd: ROOT, env: environment(), stdio: ['inherit', 'ignore', 'inherit'] },
);
const { lines, failed } = summary(read(result), status);
rmSync(folder, { recursive: true, force: true });
lines.forEach((line) => console.log(line));
process.exitCode = failed > 0 ? 1 : 0;

function read(file) {
  try {
    return JSON.parse(readFileSync(file, 'utf8'));
  } catch {
    return undefined;
  }
}
