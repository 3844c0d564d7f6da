/** CPU milliseconds of building a million profiles in 12 strata with 10 % control, and of a batch of as many arrivals. */
import { arrive, build, ranksOf, rankKey, stratumHash } from '../src';

const SIZE = 1_000_000;
const strataHashes = Array.from({ length: 12 }, (_, i) => stratumHash({ field: { values: [i] } }));
const members = Uint32Array.from({ length: SIZE }, (_, i) => i);
const codes = Uint16Array.from(members, (number) => (Math.imul(number, 0x9e3779b1) >>> 16) % 12);
const epoch = { seed: '0123456789abcdef0123456789abcdef', epoch: 0, strataHashes, members, codes };

function report(name: string, action: () => unknown): void {
  const times = Array.from({ length: 9 }, () => {
    const before = process.cpuUsage();
    action();
    const { user, system } = process.cpuUsage(before);
    return (user + system) / 1000;
  }).sort((a, b) => a - b);
  process.stdout.write(`${name}: median ${times[4]!.toFixed(1)} ms, best ${times[0]!.toFixed(1)} ms\n`);
}

report('ranks', () => ranksOf(rankKey('rank', 'x'), members));
report('build', () => build({ ...epoch, share: { kind: 'percent', basisPoints: 1000 } }));
report('arrive', () => arrive({ ...epoch, basisPoints: 1000, state: [] }));
