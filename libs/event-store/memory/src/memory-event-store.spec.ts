import { START, StoreUnavailable, WrongExpectedRevision } from '@muster/event-store';
import { Follower, aNewEvent, collect, eventStoreConformance, newEvents } from '@muster/event-store-testing';
import { MemoryEventStore, MemoryLog, seededAnomalies, type Anomaly } from './index';

const shared = new MemoryLog();

eventStoreConformance('MemoryEventStore', {
  open: () => Promise.resolve(new MemoryEventStore({ log: shared })),
  openFor: (allowedCategories) => Promise.resolve(new MemoryEventStore({ log: shared, allowedCategories })),
});

describe('anomalies of the memory store', () => {
  const appendWith = (anomaly: Anomaly, log = new MemoryLog()) => {
    const store = new MemoryEventStore({ log, anomalies: () => anomaly });
    return { log, outcome: store.append('a-1', 'noStream', newEvents(1)) };
  };
  const stored = (log: MemoryLog) => collect(new MemoryEventStore({ log }).readStream('a-1'));

  it('apply an append and lose its answer; the repeat gets it', async () => {
    const events = newEvents(1);
    const log = new MemoryLog();
    const store = new MemoryEventStore({ log, anomalies: () => 'applied-then-error' });
    await expect(store.append('a-1', 'noStream', events)).rejects.toBeInstanceOf(StoreUnavailable);
    await expect(new MemoryEventStore({ log }).append('a-1', 'noStream', events)).resolves.toMatchObject({
      revision: 0,
    });
    expect(await stored(log)).toHaveLength(1);
  });

  it('refuse an append without effect', async () => {
    const { log, outcome } = appendWith('refused');
    await expect(outcome).rejects.toBeInstanceOf(StoreUnavailable);
    expect(await stored(log)).toEqual([]);
  });

  it('report a conflict without effect', async () => {
    const { log, outcome } = appendWith('conflict');
    await expect(outcome).rejects.toBeInstanceOf(WrongExpectedRevision);
    expect(await stored(log)).toEqual([]);
  });

  it('give a slow reader its events one at a time, all of them', async () => {
    const log = new MemoryLog();
    await new MemoryEventStore({ log }).append('a-1', 'noStream', newEvents(5));
    const follower = new Follower(new MemoryEventStore({ log, anomalies: () => 'slow' }), START);
    await follower.until(() => follower.batches.at(-1)?.caughtUp === true);
    expect(follower.batches).toHaveLength(5);
    expect(follower.events).toHaveLength(5);
    await follower.stop();
  });

  it('come at their rates, and the same from the same seed', () => {
    const draw = (seed: number) => {
      const anomalies = seededAnomalies(seed, { conflict: 0.2, refused: 0.1 });
      return Array.from({ length: 5_000 }, () => anomalies('append'));
    };
    expect(draw(7)).toEqual(draw(7));
    expect(draw(7)).not.toEqual(draw(8));
    const share = (anomaly: Anomaly) => draw(7).filter((drawn) => drawn === anomaly).length / 5_000;
    expect(share('conflict')).toBeCloseTo(0.2, 1);
    expect(share('refused')).toBeCloseTo(0.1, 1);
    expect(share('slow')).toBe(0);
  });

  it('never make a subscription fail, nor a read lie', () => {
    const anomalies = seededAnomalies(1, { conflict: 0.4, refused: 0.3, 'applied-then-error': 0.3 });
    for (let i = 0; i < 100; i++) {
      expect(anomalies('subscribe')).toBeUndefined();
      expect([undefined, 'refused']).toContain(anomalies('read'));
    }
  });
});

it('keeps what was appended, whatever the caller does with it afterwards', async () => {
  const store = new MemoryEventStore();
  const data = { list: [1] };
  await store.append('a-1', 'noStream', [aNewEvent({ data })]);
  data.list.push(2);
  const [first] = await collect(store.readStream('a-1'));
  (first?.data as typeof data).list.push(3);
  expect((await collect(store.readStream('a-1')))[0]?.data).toEqual({ list: [1] });
});
