import type { OnApplicationShutdown } from '@nestjs/common';
import { createPool, isUnavailable, type Lease, type Leases } from '@muster/postgres';
import type { Pool, PoolClient } from 'pg';

/** How often the connection is asked whether it still lives. */
const HEARTBEAT_MS = 2_000;

/**
 * Leases as session advisory locks on one connection of their own: Postgres releases them when the process or the
 * connection dies, and then every lease of this process is lost at once.
 */
export class PostgresLeases implements Leases, OnApplicationShutdown {
  private readonly pool: Pool;
  private session: Promise<Session> | undefined;

  constructor(
    private readonly namespace: string,
    options: { readonly connectionString: string; readonly role: string },
  ) {
    this.pool = createPool({ ...options, max: 1, applicationName: `muster-leases-${namespace}` });
  }

  async tryAcquire(key: string): Promise<Lease | null> {
    const session = await this.connected();
    return session.tryAcquire(`${this.namespace}:${key}`);
  }

  /** Releases everything; the platform calls it when the process stops. */
  async onApplicationShutdown(): Promise<void> {
    const session = await this.session?.catch(() => undefined);
    session?.end();
    await this.pool.end();
  }

  private connected(): Promise<Session> {
    const forget = (): void => {
      this.session = undefined;
    };
    this.session ??= this.pool.connect().then(
      (client) => new Session(client, forget),
      (error: unknown) => {
        forget();
        throw error;
      },
    );
    return this.session;
  }
}

/** One connection and what it holds. Advisory locks are re-entrant in a session, so held keys are known here too. */
class Session {
  private readonly held = new Map<string, AbortController>();
  private readonly heartbeat: NodeJS.Timeout;
  private ended = false;
  private last: Promise<unknown> = Promise.resolve();

  constructor(
    private readonly client: PoolClient,
    private readonly onEnd: () => void,
  ) {
    client.once('error', () => this.end());
    client.once('end', () => this.end());
    this.heartbeat = setInterval(() => {
      this.ask('SELECT 1').catch(() => this.end());
    }, HEARTBEAT_MS);
    this.heartbeat.unref();
  }

  async tryAcquire(key: string): Promise<Lease | null> {
    if (this.held.has(key)) return null;
    const lost = new AbortController();
    this.held.set(key, lost);
    try {
      if (await this.lock(key)) return { lost: lost.signal, release: () => this.release(key, lost) };
      this.held.delete(key);
      return null;
    } catch (error) {
      this.held.delete(key);
      if (isUnavailable(error)) this.end();
      throw error;
    }
  }

  end(): void {
    if (this.ended) return;
    this.ended = true;
    clearInterval(this.heartbeat);
    this.onEnd();
    for (const lost of this.held.values()) lost.abort();
    this.held.clear();
    this.client.release(true);
  }

  private async lock(key: string): Promise<boolean> {
    const rows = await this.ask('SELECT pg_try_advisory_lock(hashtextextended($1, 0)) AS got', [key]);
    return rows[0]?.got === true && !this.ended;
  }

  /** One statement after the other: a connection has no queue of its own for long. */
  private ask(statement: string, values: readonly string[] = []): Promise<readonly { readonly got?: boolean }[]> {
    const answer = this.last.then(async () => {
      const { rows } = await this.client.query<{ got?: boolean }>(statement, [...values]);
      return rows;
    });
    this.last = answer.catch(() => undefined);
    return answer;
  }

  private async release(key: string, lease: AbortController): Promise<void> {
    if (this.held.get(key) !== lease) return;
    try {
      await this.ask('SELECT pg_advisory_unlock(hashtextextended($1, 0)) AS got', [key]);
      this.held.delete(key);
    } catch {
      // The lock goes with the connection.
      this.end();
    }
  }
}
