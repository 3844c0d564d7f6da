import type { EventStore } from '@muster/event-store';
import { SERVICE_CONTEXTS, roleOf, type ServiceContext } from '@muster/platform/config';
import { createPool } from '@muster/postgres';
import type { Pool } from 'pg';
import type { Environment } from './environment';
import { Failure } from './failures';
import { openLog } from './open-log';

/** What the tool works on, opened when it is first needed. */
export class Surroundings {
  private readonly pools = new Map<string, Pool>();
  private readonly closing: (() => Promise<void>)[] = [];
  private opened: Promise<EventStore> | undefined;

  constructor(readonly environment: Environment) {}

  /** Acts as the connecting user. */
  get database(): Pool {
    return this.poolFor('', '-c search_path=public');
  }

  /** Acts as the role of a context and finds its tables. */
  pool(context: ServiceContext): Pool {
    return this.poolFor(context, `-c role=${roleOf(context)} -c search_path=${context}`);
  }

  /** Those contexts that have this table. Throws where the database holds nothing of Muster. */
  async contextsWith(table: string): Promise<readonly ServiceContext[]> {
    // From the catalogue: the user of DATABASE_URL may act as the roles of contexts and needs no rights of its own.
    const { rows } = await this.database.query<{ context: ServiceContext; found: boolean }>(
      `SELECT n.nspname AS context, c.oid IS NOT NULL AS found
       FROM unnest($1::text[]) WITH ORDINALITY AS known (context, n)
       JOIN pg_namespace n ON n.nspname = known.context
       LEFT JOIN pg_class c ON c.relnamespace = n.oid AND c.relname = $2 ORDER BY known.n`,
      [SERVICE_CONTEXTS, table],
    );
    if (rows.length === 0) {
      throw new Failure(
        `The database of DATABASE_URL holds nothing of Muster: none of the schemas ${SERVICE_CONTEXTS.join(', ')}`,
      );
    }
    return rows.filter(({ found }) => found).map(({ context }) => context);
  }

  /** Contexts of which a process is connected now: it does what it finds asked for. */
  async running(): Promise<readonly string[]> {
    const { rows } = await this.database.query<{ context: string }>(
      `SELECT DISTINCT substr(application_name, length('muster-leases-') + 1) AS context FROM pg_stat_activity
       WHERE datname = current_database() AND application_name LIKE 'muster-leases-%' ORDER BY 1`,
    );
    return rows.map(({ context }) => context);
  }

  /** The log of this installation. It is not made where there is none. */
  store(): Promise<EventStore> {
    this.opened ??= this.openStore();
    return this.opened;
  }

  /** The id of the log that everything in Postgres was made from; undefined where no service has started yet. */
  async logOfDatabase(): Promise<string | undefined> {
    const { rows: tables } = await this.database.query<{ found: boolean }>(
      `SELECT to_regclass('platform.event_log') IS NOT NULL AS found`,
    );
    if (tables[0]?.found !== true) return undefined;
    const { rows } = await this.database.query<{ id: string }>('SELECT store_id AS id FROM platform.event_log');
    return rows[0]?.id;
  }

  /** Ends with the tool. */
  onClose(close: () => Promise<void>): void {
    this.closing.unshift(close);
  }

  async close(): Promise<void> {
    for (const close of this.closing.splice(0)) await close();
    await Promise.all([...this.pools.values()].map((pool) => pool.end()));
  }

  private async openStore(): Promise<EventStore> {
    const log = await openLog(this.environment.logUrl, { create: false });
    this.onClose(() => log.close());
    const known = this.environment.hasDatabase ? await this.logOfDatabase() : undefined;
    if (known === undefined || known === log.store.storeId) return log.store;
    throw new Failure(
      `The database of DATABASE_URL belongs to another log than ${log.place}: set EVENT_STORE and EVENTSTOREDB_URL as the services have them`,
    );
  }

  private poolFor(name: string, options: string): Pool {
    const known = this.pools.get(name);
    if (known) return known;
    const url = new URL(this.environment.databaseUrl);
    url.searchParams.set('options', options);
    const pool = createPool({
      connectionString: url.href,
      applicationName: 'muster-ops',
      max: 2,
      connectTimeoutMs: 5_000,
    });
    this.pools.set(name, pool);
    return pool;
  }
}
