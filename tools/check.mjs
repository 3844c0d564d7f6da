/** `npm run check`: everything but the tests, each step whatever became of the one before. */
import { spawnSync } from 'node:child_process';
import { join } from 'node:path';
import { binary, environment, ROOT } from './process.mjs';

const tool = (file, ...args) => [join(ROOT, 'tools', file), ...args];
const STEPS = {
  lint: tool('lint.mjs'),
  typecheck: tool('typecheck.mjs'),
  boundaries: tool('boundaries.mjs'),
  'dead code': [binary('knip'), '--no-progress'],
  cycles: [
    binary('depcruise', 'dependency-cruiser'),
    '--config',
    '.dependency-cruiser.cjs',
    'apps',
    'libs',
    'bench',
    'examples',
    'tools',
  ],
  copies: [binary('jscpd')],
  map: tool('map.mjs', '--check'),
  problems: tool('problems.mjs', '--check'),
  contracts: tool('contracts.mjs', '--check'),
};

const failed = Object.entries(STEPS).filter(([name, args]) => {
  console.log(`== ${name}`);
  return spawnSync(process.execPath, args, { cwd: ROOT, env: environment(), stdio: 'inherit' }).status !== 0;
});
failed.forEach(([name]) => console.error(`FAILED ${name}`));
console.log(`${Object.keys(STEPS).length - failed.length} passed, ${failed.length} failed`);
process.exitCode = failed.length === 0 ? 0 : 1;
