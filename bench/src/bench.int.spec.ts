import { spawn } from 'node:child_process';
import { chmod, mkdtemp, readdir, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describeIf } from '@muster/embedded/testing';
import { kafkaForTests } from '@muster/messaging-kafka/testing';
import { BENCH } from './options';
import type { Report } from './report';

const { available, reason } = kafkaForTests();
let folder: string;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'muster-bench-spec-'));
  // the user that Postgres runs as, where root starts it, has to get in
  await chmod(folder, 0o711);
});
afterAll(() => rm(folder, { recursive: true, force: true }));

/** Exit code and output of the benchmark, built first; its own temporary files are below `folder`. */
function bench(...args: string[]): Promise<{ code: number | null; output: string }> {
  return new Promise((resolve) => {
    const child = spawn(process.execPath, [join(BENCH, '..', 'tools', 'bench.mjs'), ...args], {
      env: { ...process.env, TMPDIR: folder },
    });
    let output = '';
    for (const stream of [child.stdout, child.stderr]) stream.on('data', (text: Buffer) => (output += text.toString()));
    child.once('exit', (code) => {
      resolve({ code, output });
    });
  });
}

it('measures every figure against its floor, judges it, and leaves nothing behind', async () => {
  const results = join(folder, 'results', 'latest.json');
  const { code, output } = await bench(
    ...['--profiles', '1000,2000', '--rounds', '1', '--results', results, '--only', 'append,service'],
  );
  expect([code, output]).toEqual([0, expect.stringContaining('2,000 profiles')]);
  const report = JSON.parse(await readFile(results, 'utf8')) as Report;
  expect(Date.parse(report.date)).not.toBeNaN();
  expect(Object.keys(report.machine)).toEqual(['cpu', 'cores', 'memory', 'node', 'postgres', 'load']);
  for (const { name, value, floor, ratio, must, aim, met } of report.figures) {
    expect([name, value > 0 || name.startsWith('growth')]).toEqual([name, true]);
    expect([name, ratio === null]).toEqual([name, floor === null]);
    if (must === null) expect([name, aim, met]).toEqual([name, null, null]);
    else expect([name, typeof met]).toEqual([name, 'boolean']);
    if (floor !== null && ratio !== null) expect(Math.abs(value / floor / ratio - 1)).toBeLessThan(0.01);
  }
  const judged = report.figures.filter(({ met }) => met !== null).map(({ name }) => name);
  expect(judged).toEqual([
    'append, 1 callers',
    'append, 64 callers',
    'append of 500 events',
    ...[
      'import of a CSV with 12 fields',
      'segment ids in Node, broad condition',
      'segment ids in Node, narrow condition',
      'activation to queryable audience, static segment',
      'activation to queryable audience, dynamic segment',
      'log bytes per membership, broad condition',
      'log bytes per membership, narrow condition',
      'recalculation with 5 % churn to audience caught up',
      'peak memory of the service, fill and build',
      'page of 50 members, CPU',
    ].map((name) => `${name}, 2,000 profiles`),
    'growth exponent of the activation',
  ]);
  expect((await readdir(folder)).filter((name) => name.startsWith('muster-bench'))).toEqual([]);
}, 600_000);

describeIf(available, reason)('on a broker', () => {
  it('measures the relay, a consumer and the profile feed against the tools of Kafka', async () => {
    const results = join(folder, 'results', 'kafka.json');
    const { code, output } = await bench(
      ...['--profiles', '2000', '--rounds', '1', '--results', results, '--only', 'kafka'],
    );
    expect([code, output]).toEqual([0, expect.stringContaining('profile feed')]);
    const { figures } = JSON.parse(await readFile(results, 'utf8')) as Report;
    expect(figures.map(({ name, value, floor }) => [name, value > 0, floor !== null && floor > 0])).toEqual([
      ['relay of life-cycle events to Kafka', true, true],
      ['CPU of the relay, an event', true, false],
      ['consumer catching up from Kafka', true, true],
      ['one event on a quiet log, from its append to a consumer', true, false],
      ['profile feed from the log to a consumer, 2,000 profiles', true, true],
    ]);
  }, 600_000);
});

it('says what is wrong with an option', async () => {
  const many = await bench('--profiles', 'many');
  expect(many).toEqual({ code: 1, output: expect.stringContaining('--profiles must be a whole number from 1000') });
  const part = await bench('--only', 'kafka,all');
  expect(part).toEqual({ code: 1, output: expect.stringContaining('--only takes append, service, kafka, not "all"') });
}, 60_000);
