import type { EventMetadata, Position, StoredEvent } from '@muster/event-store';
import { toPosition } from './position';

/** A row of the pages below; text stands in place of bytes, half as much on the wire as hex. */
export interface EventRow {
  readonly position: string;
  readonly stream: string;
  readonly revision: number;
  readonly id: string;
  readonly type: string;
  readonly data: string;
  readonly metadata: string;
}

/** Parses data and metadata on first use; then the text is let go. */
export class LazyEvent implements StoredEvent {
  readonly number: number;
  readonly position: Position;
  readonly stream: string;
  readonly revision: number;
  readonly id: string;
  readonly type: string;
  /** Characters of data and metadata: what the event takes in memory, roughly. */
  readonly size: number;
  private dataText: string | undefined;
  private metadataText: string | undefined;
  private parsedData: unknown;
  private parsedMetadata: EventMetadata | undefined;

  constructor(row: EventRow) {
    this.number = Number(row.position);
    this.position = toPosition(this.number);
    this.stream = row.stream;
    this.revision = row.revision;
    this.id = row.id;
    this.type = row.type;
    this.size = row.data.length + row.metadata.length;
    this.dataText = row.data;
    this.metadataText = row.metadata;
  }

  get data(): unknown {
    if (this.dataText !== undefined) {
      this.parsedData = JSON.parse(this.dataText);
      this.dataText = undefined;
    }
    return this.parsedData;
  }

  get metadata(): EventMetadata {
    if (this.metadataText !== undefined) {
      this.parsedMetadata = JSON.parse(this.metadataText) as EventMetadata;
      this.metadataText = undefined;
    }
    return this.parsedMetadata as EventMetadata;
  }
}
