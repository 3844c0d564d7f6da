import 'reflect-metadata';
import { EmbeddedPostgresError } from '@muster/embedded';
import { unreachable } from '@muster/event-store-eventstoredb';
import { adaptersOf, BrokenProcess, ConfigError, ForeignEventStore, readConfig } from '@muster/platform';
import { loadSample } from './sample/load-sample';
import { startStandalone, type Standalone } from './start-standalone';
import { welcome } from './welcome';

async function main(): Promise<void> {
  const config = readConfig(process.env, process.cwd());
  const shutdown = new Shutdown();
  const adapters = adaptersOf(config);
  await requireEventStore(adapters.eventStoreDbUrl);
  const broken = new BrokenProcess(() => starting.then((standalone) => standalone.close()));
  const starting: Promise<Standalone> = startStandalone({
    ...config,
    adapters,
    onBroken: (reason) => broken.end(reason),
    onDatabaseLost: (error) => shutdown.databaseLost(error),
  });
  const standalone = await starting;
  shutdown.follow(standalone);
  process.stdout.write(welcome(standalone, config));
  if (config.sampleData) await addSample(standalone, shutdown.begun);
}

class EventStoreMissing extends Error {}

async function requireEventStore(url: string | undefined): Promise<void> {
  const reason = url === undefined ? null : await unreachable(url);
  if (reason !== null) throw new EventStoreMissing(`${reason}. Start it first, or set EVENTSTOREDB_URL.`);
}

/** In the background of a first start; whoever does not want it sets SAMPLE_DATA=off. */
async function addSample({ url, developmentKey: key, dataDir }: Standalone, signal: AbortSignal): Promise<void> {
  try {
    const started = Date.now();
    if (await loadSample({ url, key, dataDir, now: new Date(), signal })) {
      process.stdout.write(`  The sample is loaded (${String(Math.round((Date.now() - started) / 1000))} s).\n`);
    }
  } catch (error) {
    if (signal.aborted) return;
    process.stderr.write(`  The sample could not be loaded; the next start goes on with it. ${explain(error)}\n`);
  }
}

/** Ctrl+C or SIGTERM: the app first, then its database, once. A second signal ends the process at once. */
class Shutdown {
  private standalone: Standalone | undefined;
  private readonly closing = new AbortController();

  constructor() {
    for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) process.on(signal, () => this.begin());
  }

  /** Aborted by the first signal. */
  get begun(): AbortSignal {
    return this.closing.signal;
  }

  follow(standalone: Standalone): void {
    this.standalone = standalone;
    // A signal came while it was starting.
    if (this.begun.aborted) this.close(standalone);
  }

  databaseLost(error: Error): void {
    if (this.begun.aborted) return;
    process.stderr.write(
      `The embedded Postgres has ended: ${error.message}\nMuster stops; nothing acknowledged is lost.\n`,
    );
    process.exit(1);
  }

  private begin(): void {
    if (this.begun.aborted) process.exit(130);
    this.closing.abort();
    process.stdout.write('Stopping: what is in hand is finished first (Ctrl+C again to leave at once).\n');
    if (this.standalone) this.close(this.standalone);
  }

  private close(standalone: Standalone): void {
    standalone.close().then(() => process.exit(0), fail);
  }
}

function fail(error: unknown): void {
  process.stderr.write(`${explain(error)}\n`);
  process.exit(1);
}

function explain(error: unknown): string {
  for (const known of [ConfigError, EmbeddedPostgresError, EventStoreMissing, ForeignEventStore]) {
    if (error instanceof known) return error.message;
  }
  if (!(error instanceof Error)) return String(error);
  if ('code' in error && error.code === 'EADDRINUSE') {
    return `Something listens on this port already (${error.message}). Set PORT to another one, or to 0 for any free one.`;
  }
  return error.stack ?? error.message;
}

main().catch(fail);
