/**
 * `npm run soak`: what takes long, in full: 2,000 histories against the oracle, 25 kills at every crash point, ten
 * times the cases of every property, five minutes without Kafka. Arguments choose among `oracle`, `crashes`, `properties`
 * and `kafka-outage`. Ends with a line each.
 */
import { spawnSync } from 'node:child_process';
import { ensureInstalled, requireNode } from './install.mjs';
import { binary, environment, ROOT } from './process.mjs';

const PARTS = {
  oracle: {
    what: '2,000 histories against the oracle',
    args: ['--selectProjects', 'e2e', '--', 'apps/standalone/test/oracle'],
    variables: { ORACLE_SEEDS: '2000' },
  },
  crashes: {
    what: '25 kills at every crash point',
    args: ['--selectProjects', 'e2e', '--', 'apps/standalone/test/crash'],
    variables: { CRASH_ROUNDS: '25' },
  },
  properties: {
    what: 'ten times the cases of every property',
    args: [
      '--selectProjects',
      'unit',
      'int',
      '--testPathPatterns',
      'propert',
      'segmentation',
      'assignment',
      'profile-set',
    ],
    variables: { SOAK: '1' },
  },
  'kafka-outage': {
    what: 'five minutes without Kafka at 100 commands a second',
    args: ['--selectProjects', 'e2e', '--', 'libs/messaging-kafka/src/kafka-outage'],
    variables: { OUTAGE_SECONDS: '300' },
  },
};

requireNode();
ensureInstalled();

const wanted = process.argv.slice(2);
const unknown = wanted.filter((name) => !(name in PARTS));
if (unknown.length > 0) {
  console.error(`No such part: ${unknown.join(', ')}. There are ${Object.keys(PARTS).join(', ')}.`);
  process.exit(2);
}

const outcomes = Object.entries(PARTS)
  .filter(([name]) => wanted.length === 0 || wanted.includes(name))
  .map(([name, { what, args, variables }]) => {
    const started = Date.now();
    console.log(`\n${name}: ${what}`);
    const { status } = spawnSync(process.execPath, [binary('jest'), '--maxWorkers=2', ...args], {
      cwd: ROOT,
      env: { ...environment(), ...variables },
      stdio: 'inherit',
    });
    return { name, what, passed: status === 0, minutes: ((Date.now() - started) / 60_000).toFixed(1) };
  });

console.log('');
for (const { name, what, passed, minutes } of outcomes) {
  console.log(`${passed ? 'passed' : 'FAILED'}  ${name}: ${what} (${minutes} min)`);
}
const failed = outcomes.filter(({ passed }) => !passed).length;
console.log(`soak: ${outcomes.length - failed} passed, ${failed} failed`);
process.exitCode = failed > 0 ? 1 : 0;
