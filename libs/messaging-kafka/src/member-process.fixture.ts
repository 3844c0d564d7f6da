/** A process with relays or a consumer, for tests that kill it and stop it for real. */
import { PostgresEventStore } from '@muster/event-store-postgres';
import { PostgresConsumerStorage } from '@muster/messaging';
import { createPool, type Lease, type Leases } from '@muster/postgres';
import { Client } from 'pg';
import { effectOnce } from './effects.fixture';
import { KafkaBus, type RelayStep } from './index';
import { TEST_TOPICS } from './testing';
import { EXTERNAL_IDS, textOf, TOLD, TRANSLATIONS } from './translations.fixture';

export interface MemberOptions {
  readonly name: string;
  readonly brokers: string[];
  readonly connectionString: string;
  /** The schema of the log. */
  readonly log: string;
  readonly transactionalIdPrefix: string;
  readonly transactionMessages: number;
  readonly sessionTimeoutMs: number;
  readonly relays: boolean;
  /** The name of a consumer of the life-cycle feed; absent: none. */
  readonly consumer?: string;
  /** In front of the keys that the consumer takes. */
  readonly run: string;
  /** Where this relay is killed, as a power cut does it. */
  readonly dieAt?: { readonly relay: string; readonly step: RelayStep };
  /** Where this relay, or the consumer before the effect of this text, waits until it is told to go on. */
  readonly holdAt?: { readonly relay: string; readonly step: RelayStep } | { readonly text: string };
}

/** What it tells whoever started it. */
export type Said =
  | { readonly kind: 'started' | 'holding' | 'gone on' }
  | { readonly kind: 'effect'; readonly text: string; readonly first: boolean }
  | { readonly kind: 'interrupted' | 'stopped'; readonly name: string; readonly why: string };

const say = (said: Said): boolean | undefined => process.send?.(said);

/** As services have them: session locks, which Postgres gives to another when the connection ends. */
class SessionLocks implements Leases {
  private readonly lost = new AbortController();
  private readonly held = new Set<string>();
  private last: Promise<unknown> = Promise.resolve();

  private constructor(private readonly client: Client) {
    for (const event of ['error', 'end'] as const) {
      client.on(event, () => {
        this.lost.abort();
      });
    }
  }

  static async open(connectionString: string, name: string): Promise<SessionLocks> {
    const client = new Client({ connectionString, application_name: name });
    const locks = new SessionLocks(client);
    await client.connect();
    return locks;
  }

  async tryAcquire(key: string): Promise<Lease | null> {
    if (this.lost.signal.aborted || this.held.has(key)) return null;
    this.held.add(key);
    if (await this.ask('pg_try_advisory_lock', key))
      return { lost: this.lost.signal, release: () => this.release(key) };
    this.held.delete(key);
    return null;
  }

  private async release(key: string): Promise<void> {
    this.held.delete(key);
    // A connection that has ended has given it back already.
    await this.ask('pg_advisory_unlock', key).catch(() => undefined);
  }

  private async ask(what: 'pg_try_advisory_lock' | 'pg_advisory_unlock', key: string): Promise<boolean> {
    const sql = `SELECT ${what}(hashtextextended($1, 0)) AS done`;
    const asked = this.last.then(() => this.client.query<{ done: boolean }>(sql, [key]));
    this.last = asked.catch(() => undefined);
    return (await asked).rows[0]?.done === true;
  }
}

async function live(options: MemberOptions): Promise<void> {
  const { name, brokers, connectionString, log, run, consumer, relays, dieAt, holdAt } = options;
  const pool = createPool({ connectionString, max: 8 });
  const store = await PostgresEventStore.open({ pool, schema: log });
  const locks = await SessionLocks.open(connectionString, name);
  let held = false;
  const hold = async (): Promise<void> => {
    if (held) return;
    held = true;
    say({ kind: 'holding' });
    await new Promise((goOn) => process.once('message', goOn));
    say({ kind: 'gone on' });
  };
  const bus = new KafkaBus({
    connection: { brokers },
    topics: TEST_TOPICS,
    store,
    storageOf: () => new PostgresConsumerStorage(pool),
    leasesOf: () => locks,
    externalIds: EXTERNAL_IDS,
    transactionalIdPrefix: options.transactionalIdPrefix,
    transactionMessages: options.transactionMessages,
    batchEvents: 20,
    times: { sessionTimeoutMs: options.sessionTimeoutMs, heartbeatMs: 300, rebalanceTimeoutMs: 10_000, pollMs: 50 },
    atStep: async (relay, step) => {
      if (dieAt?.relay === relay && dieAt.step === step) process.kill(process.pid, 'SIGKILL');
      if (holdAt && 'relay' in holdAt && holdAt.relay === relay && holdAt.step === step) await hold();
    },
    onInterrupted: (part, error) => say({ kind: 'interrupted', name: part, why: error.message }),
    onStopped: (part, error) => say({ kind: 'stopped', name: part, why: error.message }),
  });
  if (relays) for (const translation of TRANSLATIONS) bus.addTranslation(translation);
  if (consumer !== undefined) {
    bus.addConsumer({
      name: consumer,
      subscriptions: [{ context: 'campaigns', feed: 'lifecycle' }],
      handles: [TOLD],
      handle: async (delivery) => {
        if (!delivery.key.startsWith(run)) return;
        const text = textOf(delivery);
        if (holdAt && 'text' in holdAt && holdAt.text === text) await hold();
        const { key, sourceReference: source } = delivery;
        const first = await effectOnce(pool, {
          inbox: consumer,
          source,
          key: key.slice(run.length),
          text,
          member: name,
        });
        say({ kind: 'effect', text, first });
      },
    });
  }
  await bus.start();
  say({ kind: 'started' });
}

const [options] = process.argv.slice(2);
if (options === undefined) throw new Error('say what this process is to be');
void live(JSON.parse(options) as MemberOptions);
