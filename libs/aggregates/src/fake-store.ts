import {
  WrongExpectedRevision,
  START,
  type AppendResult,
  type EventStore,
  type EventToAppend,
  type ExpectedRevision,
  type Position,
  type ReadStreamOptions,
  type StoredEvent,
  type SubscriptionBatch,
} from '@muster/event-store';

export class MemoryEventStore implements EventStore {
  readonly storeId = 'fake';
  readonly log: StoredEvent[] = [];
  append(stream: string, expected: ExpectedRevision, events: readonly EventToAppend[]): Promise<AppendResult> {
    const own = this.log.filter((e) => e.stream === stream);
    const again = own.filter((e) => events.some((x) => x.id === e.id)).at(-1);
    if (again) return Promise.resolve({ revision: again.revision, position: again.position });
    const want = expected === 'noStream' ? -1 : expected;
    if (typeof want === 'number' && want !== own.length - 1)
      return Promise.reject(new WrongExpectedRevision(stream, expected, own.length - 1));
    let r = own.length;
    for (const e of events) {
      this.log.push({
        ...e,
        data: JSON.parse(JSON.stringify(e.data)) as unknown,
        stream,
        revision: r++,
        position: String(this.log.length + 1).padStart(12, '0') as Position,
      });
    }
    return Promise.resolve({ revision: r - 1, position: this.log.at(-1)?.position ?? START });
  }
  async *readStream(stream: string, o: ReadStreamOptions = {}): AsyncIterable<StoredEvent> {
    await Promise.resolve();
    const from = o.from ?? 0;
    const own = this.log.filter((e) => e.stream === stream && e.revision >= from);
    for (const e of own.slice(0, o.limit)) yield e;
  }
  async *readAll(): AsyncIterable<StoredEvent> {
    await Promise.resolve();
    yield* this.log;
  }
  async *subscribe(): AsyncIterable<SubscriptionBatch> {
    await Promise.resolve();
    yield { events: [], scannedTo: START, caughtUp: true };
  }
  head(): Promise<Position> {
    return Promise.resolve(this.log.at(-1)?.position ?? START);
  }
  distance(): Promise<number> {
    return Promise.resolve(0);
  }
  close(): Promise<void> {
    return Promise.resolve();
  }
}
