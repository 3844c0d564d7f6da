import {
  categoryOf,
  StoreUnavailable,
  WrongExpectedRevision,
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
import type { RequestFigures } from './request-figures';

/**
 * The event store, with a span and a figure for each append. The span stands in the metadata of what is appended, so that relays,
 * consumers and projections go on with the trace. Events that bring a trace of their own keep it.
 */
export class ObservedEventStore implements EventStore {
  constructor(
    private readonly inner: EventStore,
    private readonly figures: Pick<RequestFigures, 'observeAppend'>,
  ) {}

  get storeId(): string {
    return this.inner.storeId;
  }

  append(stream: string, expected: ExpectedRevision, events: readonly EventToAppend[]): Promise<AppendResult> {
    const attributes = { 'muster.stream': stream, 'muster.events': events.length };
    return inSpan({ name: `append ${categoryOf(stream)}`, kind: 'out', attributes }, () => {
      const traceparent = currentTraceparent();
      const traced = traceparent === undefined ? events : events.map((event) => withTrace(event, traceparent));
      return this.measured(categoryOf(stream), events.length, this.inner.append(stream, expected, traced));
    });
  }

  private async measured(category: string, events: number, append: Promise<AppendResult>): Promise<AppendResult> {
    const began = performance.now();
    const ended = (outcome: string): void =>
      this.figures.observeAppend(category, outcome, (performance.now() - began) / 1_000, events);
    try {
      const result = await append;
      ended('appended');
      return result;
    } catch (error) {
      ended(outcomeOf(error));
      throw error;
    }
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

function outcomeOf(error: unknown): string {
  if (error instanceof WrongExpectedRevision) return 'conflict';
  return error instanceof StoreUnavailable ? 'unavailable' : 'error';
}

function withTrace(event: EventToAppend, traceparent: string): EventToAppend {
  return { ...event, metadata: { traceparent, ...event.metadata } };
}
