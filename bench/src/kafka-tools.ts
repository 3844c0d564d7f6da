import { spawn } from 'node:child_process';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';

const JARS = resolve(__dirname, '../../infra/kafka/lib/*');

/**
 * Records a second of `kafka-producer-perf-test`, which sends `count` of these, picked at random: acknowledged by all,
 * idempotent, without compression, as it is by default.
 */
export async function producerTool(
  brokers: readonly string[],
  topic: string,
  records: readonly string[],
  count: number,
): Promise<number> {
  const folder = await mkdtemp(join(tmpdir(), 'muster-bench-'));
  const payload = join(folder, 'records');
  try {
    await writeFile(payload, records.join('\n'));
    const said = await run('org.apache.kafka.tools.ProducerPerformance', [
      ...['--topic', topic, '--num-records', String(count), '--throughput', '-1', '--payload-file', payload],
      ...['--producer-props', `bootstrap.servers=${brokers.join(',')}`, 'acks=all'],
    ]);
    return numberIn(said, /([\d.]+) records\/sec[^\n]*99\.9th/);
  } finally {
    await rm(folder, { recursive: true });
  }
}

/** Records a second of `kafka-consumer-perf-test` over the first `count` of a topic. */
export async function consumerTool(brokers: readonly string[], topic: string, count: number): Promise<number> {
  const said = await run('org.apache.kafka.tools.ConsumerPerformance', [
    ...['--bootstrap-server', brokers.join(','), '--topic', topic, '--messages', String(count)],
    ...['--timeout', '60000'],
  ]);
  // start, end, MB, MB/s, messages, messages/s, rebalance ms, fetch ms, ...
  const figures = said.trim().split('\n').at(-1)!.split(',');
  return numberIn(figures[5] ?? '', /([\d.]+)/);
}

function numberIn(text: string, pattern: RegExp): number {
  const found = pattern.exec(text)?.[1];
  if (found === undefined) throw new Error(`no figure in what the tool of Kafka says: ${text}`);
  return Number(found);
}

function run(main: string, args: readonly string[]): Promise<string> {
  return new Promise((done, failed) => {
    const tool = spawn('java', ['-cp', JARS, main, ...args], { stdio: ['ignore', 'pipe', 'inherit'] });
    let said = '';
    tool.stdout.on('data', (chunk: Buffer) => (said += chunk.toString()));
    tool.once('error', failed);
    tool.once('close', (code) => {
      if (code === 0) done(said);
      else failed(new Error(`${main} ended with ${String(code)}`));
    });
  });
}
