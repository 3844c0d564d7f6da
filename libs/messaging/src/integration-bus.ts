import type { Context, Feed, OutgoingEvent } from '@muster/contracts';
import type { StoredEvent } from '@muster/event-store';

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
