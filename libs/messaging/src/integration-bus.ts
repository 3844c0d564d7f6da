import type { Context, Feed, OutgoingEvent } from '@muster/contracts';
import type { Position, StoredEvent } from '@muster/event-store';
import type { ParkedEvent } from './consumer-storage';

/** Reads back in the stream of the event that is being translated (a build's plan, at its closing event). */
export type ReadBack = (stream: string, from: number, to: number) => AsyncIterable<StoredEvent>;

/**
 * Stored events of one context to integration events: pure but for reading back in the same stream, so that a resend
 * gives the same ids and bodies. Events that tell nobody anything give none.
 */
export interface Translation {
  readonly context: Context;
  readonly categories: readonly string[];
  translate(stored: StoredEvent, readBack: ReadBack): Promise<readonly OutgoingEvent[]>;
}

/** A durable consumer of feeds. Delivery is at least once and in order per key; see `IntegrationBus`. */
export interface IntegrationConsumer {
  /** `<service>.<name>`: its checkpoint or consumer group, and the `consumer` of its marks. */
  readonly name: string;
  readonly subscriptions: readonly { readonly context: Context; readonly feed: Feed }[];
  /** The event types it takes (`muster.campaigns.CampaignActivated.v1`); others pass by. */
  readonly handles: readonly string[];
  /**
   * Takes one event; resolves when its effect is durable. Throwing `DomainError` or anything else: retried with
   * back-off; after five tries the key is parked and later events of the key wait, others go on.
   */
  handle(delivery: OutgoingEvent): Promise<void>;
}

/**
 * Carries integration events between services: `direct` follows the event store in process and applies the same
 * translations, `kafka` relays and consumes. The code above does not know which it runs on.
 */
export interface IntegrationBus {
  addTranslation(translation: Translation): void;
  addConsumer(consumer: IntegrationConsumer): void;
  start(): Promise<void>;
  /** Finishes what is in hand. */
  stop(): Promise<void>;
}

/** How a consumer or a relay of this process gets on. */
export interface BusPartStatus {
  readonly name: string;
  /** A relay publishes a feed; without a broker there is none. */
  readonly kind: 'consumer' | 'relay';
  readonly state: 'running' | 'stopped';
  /** Stored events to look at; of a consumer of Kafka: messages to handle, by its whole group. An upper estimate. */
  readonly lagEvents: number;
  /** How old the oldest of these is, as far as it is known. */
  readonly lagSeconds: number;
  readonly parkedKeys: readonly string[];
  /** Messages that this process put aside since it started, because nobody can read them. */
  readonly deadLetters: number;
  readonly error?: string;
}

/** What operations and tests see of a bus, whichever it is. */
export interface OperatedBus extends IntegrationBus {
  /** Whether a consumer of this process has something in hand. */
  readonly busy: boolean;
  /**
   * Waits until the relays of this process have published everything up to `position`, and the consumers of this process
   * have handled it; false after `timeoutMs`.
   */
  waitFor(position: Position, timeoutMs: number): Promise<boolean>;
  status(): Promise<readonly BusPartStatus[]>;
  /** For people: why nothing is carried at the moment; `null` where nothing is in the way. Answers within two seconds. */
  trouble(): Promise<string | null>;
  listParked(consumer: string): Promise<readonly ParkedEvent[]>;
  /** Asks whoever has this key to try it again. Answers how many events it holds. */
  retryParked(consumer: string, key: string): Promise<number>;
  /** Gives up what is parked of this key; what comes later is delivered. Answers how many events were given up. */
  dropParked(consumer: string, key: string): Promise<number>;
}
