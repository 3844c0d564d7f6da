import type { Position } from '@muster/event-store';
import { RecordBatch } from './client/record-batch';
import { partitionOf } from './partition-of';
import type { Lanes } from './transactional-producer';

/** A message, with UTF-8 where it is a text. */
export interface Keyed {
  readonly key: Buffer;
  readonly value: Buffer | string;
}

/** What goes out in one transaction. */
export interface Load {
  readonly lanes: Lanes;
  /** How many messages there are. */
  readonly size: number;
  /** With these sent, everything up to here is published. */
  readonly upTo: Position;
  /** The traces that what is sent belongs to, as W3C Trace Context. */
  readonly traces: Iterable<string>;
  /** Ends in the middle of what one stored event became. */
  readonly broken: boolean;
}

/** A batch that is compressed badly still fits into what a topic takes. */
const BATCH_BYTES = 900 * 1024;
const BATCH_RECORDS = 1_000;

/** What waits to be sent, by partition. */
export class Outbox {
  size = 0;
  bytes = 0;
  /** Ends in the middle of what one stored event became. */
  broken = false;
  private lanes = new Map<number, RecordBatch[]>();
  private traces = new Set<string>();

  constructor(private upTo: Position) {}

  add(messages: readonly Keyed[], traceparent?: string): void {
    if (traceparent !== undefined && messages.length > 0) this.traces.add(traceparent);
    for (const { key, value } of messages) {
      const batch = this.batchFor(partitionOf(key), key.length + value.length);
      const before = batch.size;
      batch.add(key, value);
      this.bytes += batch.size - before;
    }
    this.size += messages.length;
    this.broken = true;
  }

  /** Holds, with what was taken before, everything up to here. */
  reached(position: Position): void {
    this.upTo = position;
    this.broken = false;
  }

  take(): Load {
    const { lanes, size, upTo, traces, broken } = this;
    this.lanes = new Map();
    this.traces = new Set();
    this.size = 0;
    this.bytes = 0;
    return { lanes, size, upTo, traces, broken };
  }

  private batchFor(partition: number, bytes: number): RecordBatch {
    let lane = this.lanes.get(partition);
    if (!lane) this.lanes.set(partition, (lane = []));
    const last = lane.at(-1);
    if (last && last.count < BATCH_RECORDS && last.size + bytes <= BATCH_BYTES) return last;
    const next = new RecordBatch();
    lane.push(next);
    return next;
  }
}
