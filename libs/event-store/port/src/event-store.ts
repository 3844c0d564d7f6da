import type { EventToAppend, StoredEvent } from './events';
import type { Position } from './position';

/** `any` promises idempotency for an immediate retry only; the others for ever. */
export type ExpectedRevision = 'any' | 'noStream' | 'streamExists' | number;

export interface AppendResult {
  /** The stream's revision after the append: that of the last appended event. */
  readonly revision: number;
  /** The position of the last appended event. */
  readonly position: Position;
}

export interface ReadStreamOptions {
  /** The first revision to read, inclusive. Default: 0 forwards, the last one backwards. */
  readonly from?: number;
  readonly direction?: 'forwards' | 'backwards';
  /** At most this many events. Default: all. */
  readonly limit?: number;
}

export interface ReadAllOptions {
  /** Forwards: inclusive; backwards: exclusive. Default: the start, or the end. */
  readonly from?: Position;
  readonly direction?: 'forwards' | 'backwards';
  readonly limit?: number;
}

export interface SubscribeOptions {
  /** Events after this position, exclusive. `START` for all. */
  readonly after: Position;
  /** Only streams of these categories. Default: every category. */
  readonly categories?: readonly string[];
  /** Ends the subscription: the iteration finishes. */
  readonly signal: AbortSignal;
}

/** One step of a subscription: what was found between the last step and `scannedTo`, in global order. */
export interface SubscriptionBatch {
  /** May be empty: then the batch only says how far the subscription has scanned. */
  readonly events: readonly StoredEvent[];
  /** Everything up to here has been looked at, whether it was of these categories or not. */
  readonly scannedTo: Position;
  /** True when this batch reached what was the end of the log when it was read. */
  readonly caughtUp: boolean;
}

/**
 * The source of truth: named streams of events in one global order.
 *
 * Errors: {@link WrongExpectedRevision}, {@link StreamDeleted}, {@link EventTooLarge}, {@link StoreUnavailable}.
 * Every adapter passes the conformance suite of `@muster/event-store-testing`.
 */
export interface EventStore {
  /** Identifies this log; a position means nothing in another. */
  readonly storeId: string;

  /**
   * Appends all or nothing. An event stays below 512 KiB (type, data and metadata as stored), one append below
   * 1,000,000 bytes; more is {@link EventTooLarge} and nothing is sent.
   */
  append(stream: string, expected: ExpectedRevision, events: readonly EventToAppend[]): Promise<AppendResult>;

  /** The events of a stream in order; none where there is no such stream. */
  readStream(stream: string, options?: ReadStreamOptions): AsyncIterable<StoredEvent>;

  readAll(options?: ReadAllOptions): AsyncIterable<StoredEvent>;

  /**
   * Follows the log in global order, live once it has caught up. Never ends by itself: while the store is away it
   * waits and goes on from where it was. Back-pressure is the iteration's: nothing is read ahead without bound.
   */
  subscribe(options: SubscribeOptions): AsyncIterable<SubscriptionBatch>;

  /** The position of the last event, `START` in an empty log. */
  head(): Promise<Position>;

  /** How many events lie between two positions (after `from`, up to `to`), for lag figures: an upper estimate. */
  distance(from: Position, to: Position): Promise<number>;

  close(): Promise<void>;
}

/** Bytes that one event may take as stored: type, data and metadata. */
export const MAX_EVENT_BYTES = 512 * 1024;
/** Bytes that one append may take. */
export const MAX_APPEND_BYTES = 1_000_000;
