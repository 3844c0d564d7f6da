import type { Position, StoredEvent } from '@muster/event-store';
import type { PoolClient } from 'pg';

/**
 * Code that follows the event store and writes one read model (one or more tables).
 *
 * Its tables are created in a Postgres schema of their own per generation (`<schema>_<name>_<generation>`) and shown
 * as views of the same names in the service's schema; a rebuild fills the next generation beside the live one and
 * swaps the views. So `create` and `apply` name tables without a schema: the runner sets the search path.
 */
export interface Projection {
  /** Snake case, unique in its service. */
  readonly name: string;
  /** A new version is built beside the live one and swapped in. */
  readonly version: number;
  readonly categories: readonly string[];
  /** Event types that change rows. */
  readonly handles: readonly string[];
  /** Event types of these categories that it knows and passes over. Any other type stops this projection with an alert. */
  readonly ignores: readonly string[];
  /** DDL of the tables, unqualified. */
  create(client: PoolClient): Promise<void>;
  /** The tables that the views show. */
  readonly tables: readonly string[];
  /**
   * Applies events in global order, in the transaction that also moves the checkpoint. Uses the events and their
   * metadata and nothing else: no clock, no queries elsewhere, no way to publish. Batch sizes vary and must not matter.
   */
  apply(events: readonly StoredEvent[], client: PoolClient): Promise<void>;
}

export interface ProjectionStatus {
  readonly name: string;
  readonly version: number;
  readonly generation: number;
  readonly state: 'building' | 'live' | 'stopped';
  /** The last position that was scanned. */
  readonly position: Position;
  readonly lagEvents: number;
  /** Age of the oldest event that is not applied yet, 0 when caught up. */
  readonly lagSeconds: number;
  /** Why it stopped. */
  readonly error?: string;
}

export interface Projections {
  register(projection: Projection): void;
  /** Follows the store until `stop`. */
  start(): Promise<void>;
  stop(): Promise<void>;
  status(): Promise<readonly ProjectionStatus[]>;
  /** Builds the next generation beside the live one, swaps when it has caught up, drops the old one. */
  rebuild(name: string): Promise<void>;
  /** Waits until the live generation has scanned `position`; false after `timeoutMs`. */
  waitFor(name: string, position: Position, timeoutMs: number): Promise<boolean>;
}
