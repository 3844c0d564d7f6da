import type { EventMetadata, StoredEvent } from './events';
import type { Position } from './position';

/** An event as an adapter gets it from its store: data and metadata still JSON text. */
export type EventText = Omit<StoredEvent, 'data' | 'metadata'> & {
  readonly data: string;
  readonly metadata: string;
};

/** Parses data and metadata on first use; then the text is let go. */
export class LazyEvent implements StoredEvent {
  readonly position: Position;
  readonly stream: string;
  readonly revision: number;
  readonly id: string;
  readonly type: string;
  private dataText: string | undefined;
  private metadataText: string | undefined;
  private parsedData: unknown;
  private parsedMetadata: unknown;

  constructor(event: EventText) {
    this.position = event.position;
    this.stream = event.stream;
    this.revision = event.revision;
    this.id = event.id;
    this.type = event.type;
    this.dataText = event.data;
    this.metadataText = event.metadata;
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
      this.parsedMetadata = JSON.parse(this.metadataText);
      this.metadataText = undefined;
    }
    return this.parsedMetadata as EventMetadata;
  }
}
