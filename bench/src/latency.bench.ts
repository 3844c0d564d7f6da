import { randomUUID } from 'node:crypto';
import { setTimeout as sleep } from 'node:timers/promises';
import { PostgresEventStore } from '@muster/event-store-postgres';
import { segmentEvents, segmentsTranslation } from '@muster/segments-events';
import type { Figure } from './figure';
import { settled, type KafkaWorld } from './kafka-world';
import { median } from './rounds';

const EVENTS = 50;
const BETWEEN_MS = 100;

/** Milliseconds from the append of one event on a quiet log, in Postgres, until a consumer on the broker has it. */
export async function benchLatency(world: KafkaWorld): Promise<Figure> {
  const store = await PostgresEventStore.open({ pool: world.pool, schema: 'latency_log' });
  const arrived = new Map<string, () => void>();
  const bus = await world.bus(store, {});
  bus.addTranslation(segmentsTranslation);
  bus.addConsumer({
    name: `insights.${randomUUID()}`,
    subscriptions: [{ context: 'segments', feed: 'lifecycle' }],
    handles: ['muster.segments.SegmentRunFailed.v1'],
    handle: ({ event }) => Promise.resolve(arrived.get(event.correlationid)?.()),
  });
  const once = async (): Promise<number> => {
    const correlationId = randomUUID();
    const segmentId = randomUUID();
    const metadata = {
      v: 1,
      time: '2026-03-01T00:00:00.000Z',
      actor: { kind: 'system', id: 'system', name: 'System' },
      correlationId,
    } as const;
    const data = { segmentId, runId: randomUUID(), reason: 'tried' };
    const there = new Promise<void>((done) => arrived.set(correlationId, done));
    const started = performance.now();
    await store.append(`${segmentEvents.category}-${segmentId}`, 'any', [
      { id: randomUUID(), type: 'SegmentRunFailed', data, metadata },
    ]);
    await there;
    return performance.now() - started;
  };
  try {
    await bus.start();
    await once();
    await settled(bus, store);
    const took: number[] = [];
    for (let i = 0; i < EVENTS; i++) {
      took.push(await once());
      await sleep(BETWEEN_MS);
    }
    return { name: 'one event on a quiet log, from its append to a consumer', unit: 'ms', value: median(took) };
  } finally {
    await bus.stop();
    await store.close();
  }
}
