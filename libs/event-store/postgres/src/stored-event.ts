import { LazyEvent } from '@muster/event-store';
import { toPosition } from './position';

/** A row of a page; text stands in place of bytes, half as much on the wire as hex. */
export interface EventRow {
  readonly position: string;
  readonly stream: string;
  readonly revision: number;
  readonly id: string;
  readonly type: string;
  readonly data: string;
  readonly metadata: string;
}

export class NumberedEvent extends LazyEvent {
  /** Its place in the log, from 1. */
  readonly number: number;
  /** Characters of data and metadata: what the event takes in memory, roughly. */
  readonly size: number;

  constructor(row: EventRow) {
    const number = Number(row.position);
    super({ ...row, position: toPosition(number) });
    this.number = number;
    this.size = row.data.length + row.metadata.length;
  }
}
