import { EmbeddedPostgres } from '@muster/embedded';
import { createPool } from '@muster/postgres';
import { chmod, mkdir, mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { benchAll } from './bench-all';
import { readOptions, USAGE, type BenchOptions } from './options';
import { machineOf, reported, table, writeReport } from './report';

async function main(): Promise<void> {
  const options = readOptions(process.argv.slice(2));
  if (options === 'help') process.stdout.write(USAGE);
  else await measure(options);
}

/** Everything happens on a Postgres of its own, with the settings of the standalone application, that is removed after. */
async function measure(options: BenchOptions): Promise<void> {
  const folder = await mkdtemp(join(tmpdir(), 'muster-bench-'));
  // The user that Postgres runs as, where root starts it, has to get in; its own folder is private.
  await chmod(folder, 0o711);
  const closing: (() => Promise<unknown>)[] = [() => rm(folder, { recursive: true, force: true })];
  const close = async (): Promise<void> => {
    for (const step of closing.splice(0).toReversed()) await step().catch(complain);
  };
  onSignal(close);
  try {
    if (options.profileTo !== undefined) await mkdir(options.profileTo, { recursive: true });
    const postgres = await new EmbeddedPostgres({ dataDir: join(folder, 'data') }).start();
    closing.push(() => postgres.stop());
    const pool = createPool({ connectionString: postgres.connectionString, max: 4 });
    closing.push(() => pool.end());
    const figures = await benchAll({ options, folder, pool, databaseUrl: postgres.connectionString, closing });
    const machine = await machineOf(pool);
    const report = { date: new Date().toISOString(), machine, figures: figures.map(reported) };
    await writeReport(options.results, report);
    process.stdout.write(`\n${table(report.figures)}\n${options.results}\n`);
  } finally {
    await close();
  }
}

function onSignal(close: () => Promise<void>): void {
  for (const signal of ['SIGINT', 'SIGTERM'] as const) {
    process.once(signal, () => {
      void close().then(() => process.exit(130));
    });
  }
}

function complain(error: unknown): void {
  process.stderr.write(`${error instanceof Error ? (error.stack ?? error.message) : String(error)}\n`);
}

main().catch((error: unknown) => {
  complain(error);
  process.exitCode = 1;
});
