import type { OutgoingEvent } from '@muster/contracts';
import { START, type Position } from '@muster/event-store';
import { withTransaction } from '@muster/postgres';
import type { Pool, PoolClient } from 'pg';

/** Someone else consumes now: what this process knows of the checkpoint is void. */
export class ConsumerFencedOff extends Error {
  override readonly name = 'ConsumerFencedOff';
}

export interface Checkpoint {
  readonly position: Position;
  readonly epoch: number;
}

/** An event that waits for an operator: it failed (`attempts` > 0), or its key had failed before it. */
export interface ParkedEvent {
  readonly delivery: OutgoingEvent;
  readonly attempts: number;
  readonly error: string | null;
  readonly parkedAt: Date;
}

/** What a consumer keeps: how far it is, and what it could not take. */
export interface ConsumerStorage {
  /** Fences off whoever consumed before. */
  takeOver(consumer: string): Promise<Checkpoint>;
  /** How far it is, whoever consumes; `START` where it never ran. */
  position(consumer: string): Promise<Position>;
  /** Throws {@link ConsumerFencedOff} where someone else has taken over. */
  move(consumer: string, from: Checkpoint, to: Position): Promise<void>;
  park(consumer: string, delivery: OutgoingEvent, attempts: number, error: string): Promise<void>;
  /** False, and nothing is parked, where no event of its key is parked any more. */
  parkBehind(consumer: string, delivery: OutgoingEvent): Promise<boolean>;
  parkedKeys(consumer: string): Promise<{ readonly key: string; readonly retry: boolean }[]>;
  /** In order. */
  parked(consumer: string, key?: string): Promise<readonly ParkedEvent[]>;
  /** Failed again: the key waits for the next request. */
  failedAgain(consumer: string, delivery: OutgoingEvent, attempts: number, error: string): Promise<void>;
  unpark(consumer: string, delivery: OutgoingEvent): Promise<void>;
  /** Asks the owner to try the events of this key again. Answers how many there are. */
  requestRetry(consumer: string, key: string): Promise<number>;
  /** Gives up the events of this key. Answers how many there were. */
  drop(consumer: string, key: string): Promise<number>;
}

/** Run at every start in the schema of each context that consumes; found by the pool's search path. */
export const CONSUMER_DDL = `
CREATE TABLE IF NOT EXISTS consumer_checkpoint (
  consumer    text PRIMARY KEY,
  position    text COLLATE "C" NOT NULL,
  owner_epoch bigint NOT NULL,
  moved_at    timestamptz NOT NULL DEFAULT now()
);
CREATE TABLE IF NOT EXISTS parked_event (
  consumer  text NOT NULL,
  key       text NOT NULL,
  stream    text NOT NULL,
  revision  bigint NOT NULL,
  n         integer NOT NULL,
  sequence  bigint GENERATED ALWAYS AS IDENTITY,
  event     text NOT NULL,
  error     text,
  attempts  integer NOT NULL,
  retry     boolean NOT NULL DEFAULT false,
  parked_at timestamptz NOT NULL DEFAULT now(),
  PRIMARY KEY (consumer, stream, revision, n)
);
CREATE INDEX IF NOT EXISTS parked_event_key ON parked_event (consumer, key, sequence);
CREATE TABLE IF NOT EXISTS consumer_inbox (
  consumer text NOT NULL,
  stream   text NOT NULL,
  revision bigint NOT NULL,
  n        integer NOT NULL,
  PRIMARY KEY (consumer, stream)
);
`;

const INSERT_PARKED = `
  INSERT INTO parked_event (consumer, key, stream, revision, n, event, attempts, error)
  VALUES ($1, $2, $3, $4, $5, $6, $7, $8)
  ON CONFLICT (consumer, stream, revision, n) DO NOTHING`;

export class PostgresConsumerStorage implements ConsumerStorage {
  constructor(private readonly pool: Pool) {}

  async takeOver(consumer: string): Promise<Checkpoint> {
    const { rows } = await this.pool.query<{ position: Position; epoch: string }>(
      `INSERT INTO consumer_checkpoint AS kept (consumer, position, owner_epoch) VALUES ($1, $2, 1)
       ON CONFLICT (consumer) DO UPDATE SET owner_epoch = kept.owner_epoch + 1
       RETURNING position, owner_epoch AS epoch`,
      [consumer, START],
    );
    const [row] = rows;
    if (!row) throw new Error(`consumer ${consumer}: no checkpoint came back`);
    return { position: row.position, epoch: Number(row.epoch) };
  }

  async position(consumer: string): Promise<Position> {
    const { rows } = await this.pool.query<{ position: Position }>(
      'SELECT position FROM consumer_checkpoint WHERE consumer = $1',
      [consumer],
    );
    return rows[0]?.position ?? START;
  }

  async move(consumer: string, from: Checkpoint, to: Position): Promise<void> {
    const { rowCount } = await this.pool.query(
      `UPDATE consumer_checkpoint SET position = $4, moved_at = now()
       WHERE consumer = $1 AND owner_epoch = $2 AND position = $3`,
      [consumer, from.epoch, from.position, to],
    );
    if (rowCount !== 1) throw new ConsumerFencedOff(`consumer ${consumer}: another instance has taken it over`);
  }

  async park(consumer: string, delivery: OutgoingEvent, attempts: number, error: string): Promise<void> {
    await this.alone(consumer, (client) =>
      client.query(INSERT_PARKED, [...placeOf(consumer, delivery), attempts, error]),
    );
  }

  async parkBehind(consumer: string, delivery: OutgoingEvent): Promise<boolean> {
    return this.alone(consumer, async (client) => {
      const { rows } = await client.query('SELECT FROM parked_event WHERE consumer = $1 AND key = $2 LIMIT 1', [
        consumer,
        delivery.key,
      ]);
      if (rows.length === 0) return false;
      await client.query(INSERT_PARKED, [...placeOf(consumer, delivery), 0, null]);
      return true;
    });
  }

  async parkedKeys(consumer: string): Promise<{ readonly key: string; readonly retry: boolean }[]> {
    const { rows } = await this.pool.query<{ key: string; retry: boolean }>(
      'SELECT key, bool_or(retry) AS retry FROM parked_event WHERE consumer = $1 GROUP BY key ORDER BY key',
      [consumer],
    );
    return rows;
  }

  async parked(consumer: string, key?: string): Promise<readonly ParkedEvent[]> {
    const { rows } = await this.pool.query<{
      event: string;
      attempts: number;
      error: string | null;
      parked_at: Date;
    }>(
      `SELECT event, attempts, error, parked_at FROM parked_event
       WHERE consumer = $1 AND ($2::text IS NULL OR key = $2) ORDER BY key, sequence`,
      [consumer, key ?? null],
    );
    return rows.map(({ event, attempts, error, parked_at: parkedAt }) => ({
      delivery: JSON.parse(event) as OutgoingEvent,
      attempts,
      error,
      parkedAt,
    }));
  }

  async failedAgain(consumer: string, delivery: OutgoingEvent, attempts: number, error: string): Promise<void> {
    const [, key, stream, revision, n] = placeOf(consumer, delivery);
    await this.alone(consumer, async (client) => {
      await client.query(
        `UPDATE parked_event SET attempts = attempts + $5, error = $6
         WHERE consumer = $1 AND stream = $2 AND revision = $3 AND n = $4`,
        [consumer, stream, revision, n, attempts, error],
      );
      await client.query('UPDATE parked_event SET retry = false WHERE consumer = $1 AND key = $2', [consumer, key]);
    });
  }

  async unpark(consumer: string, delivery: OutgoingEvent): Promise<void> {
    const { stream, revision, n } = delivery.sourceReference;
    await this.alone(consumer, (client) =>
      client.query('DELETE FROM parked_event WHERE consumer = $1 AND stream = $2 AND revision = $3 AND n = $4', [
        consumer,
        stream,
        revision,
        n,
      ]),
    );
  }

  async requestRetry(consumer: string, key: string): Promise<number> {
    const { rowCount } = await this.alone(consumer, (client) =>
      client.query('UPDATE parked_event SET retry = true WHERE consumer = $1 AND key = $2', [consumer, key]),
    );
    return rowCount ?? 0;
  }

  async drop(consumer: string, key: string): Promise<number> {
    const { rowCount } = await this.alone(consumer, (client) =>
      client.query('DELETE FROM parked_event WHERE consumer = $1 AND key = $2', [consumer, key]),
    );
    return rowCount ?? 0;
  }

  /** Parking and giving up do not overlap: nothing is parked behind a key that is being freed. */
  private alone<T>(consumer: string, work: (client: PoolClient) => Promise<T>): Promise<T> {
    return withTransaction(this.pool, async (client) => {
      await client.query('SELECT pg_advisory_xact_lock(hashtextextended($1, 0))', [`parked:${consumer}`]);
      return work(client);
    });
  }
}

function placeOf(consumer: string, delivery: OutgoingEvent) {
  const { stream, revision, n } = delivery.sourceReference;
  return [consumer, delivery.key, stream, revision, n, JSON.stringify(delivery)] as const;
}
