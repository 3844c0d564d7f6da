import type { Actor, Mark } from '@muster/kernel';
import type { Position } from './position';

/** What stands beside the data of every event. `time` is the record's own and is kept by copies of the log. */
export interface EventMetadata {
  /** The version of the event's type; see `defineEvents`. */
  readonly v: number;
  /** Event time, ISO 8601 in UTC with milliseconds. */
  readonly time: string;
  readonly actor: Actor;
  readonly correlationId: string;
  readonly causationId?: string;
  readonly mark?: Mark;
  /** W3C Trace Context of the append, where it was traced and the trace is kept: readers go on with the same trace. */
  readonly traceparent?: string;
}

export interface EventToAppend {
  /** UUID. Appending the same ids again at the same place returns the first result. */
  readonly id: string;
  readonly type: string;
  /** Any JSON value; the adapter turns it into text once, before anything is sent. */
  readonly data: unknown;
  readonly metadata: EventMetadata;
}

/** An event as the store holds it. */
export interface StoredEvent {
  readonly position: Position;
  readonly stream: string;
  /** The event's place in its stream, from 0. */
  readonly revision: number;
  readonly id: string;
  readonly type: string;
  /** Parsed on first use, so that readers who skip a type do not pay for it. Not upcast: see `defineEvents`. */
  readonly data: unknown;
  readonly metadata: EventMetadata;
}

/** The part of a stream name before its first dash: `campaign-42` is of category `campaign`. */
export function categoryOf(stream: string): string {
  const dash = stream.indexOf('-');
  return dash < 0 ? stream : stream.slice(0, dash);
}

/** The part of a stream name after its first dash. */
export function idOf(stream: string): string {
  return stream.slice(stream.indexOf('-') + 1);
}
