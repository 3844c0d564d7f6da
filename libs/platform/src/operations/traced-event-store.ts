import {
  categoryOf,
  type AppendResult,
  type EventStore,
  type EventToAppend,
  type ExpectedRevision,
  type Position,
  type ReadAllOptions,
  type ReadStreamOptions,
  type StoredEvent,
  type SubscribeOptions,
  type SubscriptionBatch,
} from '@muster/event-store';
import { currentTraceparent, inSpan } from '@muster/tracing';

/**
 * The event store, with a span for each append. The span stands in the metadata of what is appended, so that relays,
 * consumers and projections go on with the trace. Events that bring a trace of their own keep it.
 */
export class TracedEventStore implements EventStore {
  constructor(private readonly inner: EventStore) {}

  get storeId(): string {
    return this.inner.storeId;
  }

  append(stream: string, expected: ExpectedRevision, events: readonly EventToAppend[]): Promise<AppendResult> {
    const attributes = { 'muster.stream': stream, 'muster.events': events.length };
    return inSpan({ name: `append ${categoryOf(stream)}`, kind: 'out', attributes }, () => {
      const traceparent = currentTraceparent();
      const traced = traceparent === undefined ? events : events.map((event) => withTrace(event, traceparent));
      return this.inner.append(stream, expected, traced);
    });
  }

  readStream(stream: string, options?: ReadStreamOptions): AsyncIterable<StoredEvent> {
    return this.inner.readStream(stream, options);
  }

  readAll(options?: ReadAllOptions): AsyncIterable<StoredEvent> {
    return this.inner.readAll(options);
  }

  subscribe(options: SubscribeOptions): AsyncIterable<SubscriptionBatch> {
    return this.inner.subscribe(options);
  }

  head(): Promise<Position> {
    return this.inner.head();
  }

  distance(from: Position, to: Position): Promise<number> {
    return this.inner.distance(from, to);
  }

  close(): Promise<void> {
    return this.inner.close();
  }
}

function withTrace(event: EventToAppend, traceparent: string): EventToAppend {
  return { ...event, metadata: { traceparent, ...event.metadata } };
}
