import { START, type EventStore, type Position } from '@muster/event-store';

/** How much of the log is still to be looked at. */
export interface Lag {
  /** An upper estimate in EventStoreDB, exact in Postgres. */
  readonly events: number;
  /** Age of the oldest of them. */
  readonly seconds: number;
}

const NONE: Lag = { events: 0, seconds: 0 };

/** Measures against the end that the log had when it was asked first. */
export class LagGauge {
  private constructor(
    private readonly store: EventStore,
    private readonly head: Position,
    private readonly now: Date,
  ) {}

  static async of(store: EventStore, now: Date): Promise<LagGauge> {
    return new LagGauge(store, await store.head(), now);
  }

  async after(position: Position): Promise<Lag> {
    if (position >= this.head) return NONE;
    const from = position === START ? {} : { from: position };
    for await (const event of this.store.readAll({ ...from, limit: 2 })) {
      if (event.position <= position) continue;
      const age = this.now.getTime() - Date.parse(event.metadata.time);
      return { events: await this.store.distance(position, this.head), seconds: Math.max(0, Math.round(age / 1_000)) };
    }
    return NONE;
  }
}
