/**
 * `npm run test:e2e -- --form standalone | kafka | eventstoredb`: the end-to-end specs of the product over one form of
 * Muster; without `--form` over all of them, one after the other. Other arguments go to Jest.
 */
import { spawnSync } from 'node:child_process';
import { join } from 'node:path';
import { ROOT } from './process.mjs';

/** The Jest project that runs the specs over a form. */
const PROJECTS = { standalone: 'e2e', kafka: 'kafka', eventstoredb: 'eventstoredb' };
const SPECS = 'apps/standalone/test/forms';

const args = process.argv.slice(2);
const at = args.indexOf('--form');
const wanted = at < 0 ? undefined : args.splice(at, 2)[1];
if (at >= 0 && !(wanted in PROJECTS)) {
  console.error(`--form is ${wanted ?? 'missing'}; it must be one of: ${Object.keys(PROJECTS).join(', ')}.`);
  process.exit(2);
}

let failed = false;
for (const form of wanted === undefined ? Object.keys(PROJECTS) : [wanted]) {
  console.log(`\n${form}`);
  const chosen = ['--selectProjects', PROJECTS[form], '--testPathPatterns', SPECS, ...args];
  const { status } = spawnSync(process.execPath, [join(ROOT, 'tools', 'test.mjs'), ...chosen], { stdio: 'inherit' });
  failed ||= status !== 0;
}
process.exitCode = failed ? 1 : 0;
