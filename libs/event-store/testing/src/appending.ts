import { randomUUID } from 'node:crypto';
import {
  EventTooLarge,
  MAX_APPEND_BYTES,
  MAX_EVENT_BYTES,
  WrongExpectedRevision,
  isBefore,
  type EventStore,
} from '@muster/event-store';
import { aNewEvent, newEvents } from './a-new-event';
import { Stores, aCategory, aStream, collect, itWith, type ConformanceSetup } from './fixture';

export function describeAppending(setup: ConformanceSetup): void {
  describe('appending', () => {
    const stores = new Stores(setup);
    let store: EventStore;
    beforeEach(async () => {
      store = await stores.open();
    });
    afterEach(() => stores.closeAll());

    it('numbers the events of a stream from 0 and gives each a later position', async () => {
      const stream = aStream();
      const first = await store.append(stream, 'noStream', newEvents(3));
      const second = await store.append(stream, 2, newEvents(2));
      expect([first.revision, second.revision]).toEqual([2, 4]);
      const stored = await collect(store.readStream(stream));
      expect(stored.map((event) => event.revision)).toEqual([0, 1, 2, 3, 4]);
      expect(stored[2]?.position).toBe(first.position);
      expect(stored[4]?.position).toBe(second.position);
      for (const [i, event] of stored.entries()) {
        if (i > 0) expect(isBefore(stored[i - 1]?.position ?? event.position, event.position)).toBe(true);
      }
    });

    describeExpectedRevisions(() => store);
    describeRepeats(() => store);
    describeLimits(() => store);

    it('keeps every kind of text exactly', async () => {
      const nasty = {
        nul: 'a\u0000b',
        lone: ['\ud800', 'x\udfff'],
        text: 'é ß 漢字 👩‍👩‍👧‍👦 \u2028 \\u0000 "quoted" \\',
        numbers: [0, -1.5, 1e21, Number.MAX_SAFE_INTEGER],
        nested: { deep: [[[{ '': null, __proto__x: true, 'a.b': [] }]]] },
      };
      const stream = aStream();
      const event = aNewEvent({ type: 'Ünïcode👍', data: nasty });
      await store.append(stream, 'noStream', [event]);
      const [stored] = await collect(store.readStream(stream));
      expect(stored).toMatchObject({ id: event.id, type: event.type, stream, revision: 0 });
      expect(stored?.data).toEqual(nasty);
      expect(stored?.metadata).toEqual(event.metadata);
    });

    it('keeps everything that metadata may hold', async () => {
      const metadata = {
        v: 2,
        time: '2026-01-15T08:30:00.001Z',
        actor: { kind: 'key', id: 'k', name: 'Ünïcode' },
        correlationId: 'c',
        causationId: 'e',
        mark: { kind: 'follow-up', consumer: 'a.b', source: { stream: 's-1', revision: 3, n: 0, last: true } },
        traceparent: '00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01',
      } as const;
      const stream = aStream();
      await store.append(stream, 'noStream', [aNewEvent({ metadata })]);
      expect((await collect(store.readStream(stream)))[0]?.metadata).toEqual(metadata);
    });

    it.each([[null], [false], [0], [''], [[]], [{}]])('keeps %j as data', async (data) => {
      const stream = aStream();
      await store.append(stream, 'noStream', [aNewEvent({ data })]);
      expect((await collect(store.readStream(stream))).map((event) => event.data)).toEqual([data]);
    });

    it('refuses what is no JSON, no UUID or no name, and goes on', async () => {
      const stream = aStream();
      const cyclic: Record<string, unknown> = {};
      cyclic['self'] = cyclic;
      await expect(store.append(stream, 'any', [aNewEvent({ data: undefined })])).rejects.toThrow(TypeError);
      await expect(store.append(stream, 'any', [aNewEvent({ data: cyclic })])).rejects.toThrow(TypeError);
      await expect(store.append(stream, 'any', [aNewEvent({ id: 'no-uuid' })])).rejects.toThrow(TypeError);
      await expect(store.append(stream, 'any', [aNewEvent({ type: 'a\u0000b' })])).rejects.toThrow(TypeError);
      await expect(store.append('', 'any', [aNewEvent()])).rejects.toThrow(TypeError);
      await expect(store.append(stream, -1, [aNewEvent()])).rejects.toThrow(RangeError);
      await expect(store.append(stream, 'any', [])).rejects.toThrow(RangeError);
      await expect(store.append(stream, 'noStream', [aNewEvent()])).resolves.toMatchObject({ revision: 0 });
    });

    it('lets a refused append fail alone among others of the same moment', async () => {
      const streams = Array.from({ length: 30 }, () => aStream());
      const results = await Promise.allSettled(
        streams.map((stream, i) => store.append(stream, i % 3 === 0 ? 'streamExists' : 'noStream', newEvents(2))),
      );
      for (const [i, { status }] of results.entries()) expect(status).toBe(i % 3 === 0 ? 'rejected' : 'fulfilled');
    });

    itWith(
      setup.openFor,
      'the adapter knows no categories of its own',
      'appends to its own categories only',
      async (openFor) => {
        const [own, foreign] = [aCategory(), aCategory()];
        const restricted = stores.closing(await openFor([own]));
        await expect(restricted.append(aStream(foreign), 'any', [aNewEvent()])).rejects.toThrow(foreign);
        await expect(restricted.append(aStream(own), 'any', [aNewEvent()])).resolves.toMatchObject({ revision: 0 });
      },
    );
  });
}

function describeExpectedRevisions(store: () => EventStore): void {
  const wrong = (stream: string, actual: number) => ({ name: 'WrongExpectedRevision', stream, actual });

  it('holds `noStream` against a stream that exists', async () => {
    const stream = aStream();
    await store().append(stream, 'noStream', newEvents(2));
    await expect(store().append(stream, 'noStream', [aNewEvent()])).rejects.toMatchObject(wrong(stream, 1));
  });

  it('holds `streamExists` against a stream that does not', async () => {
    const stream = aStream();
    await expect(store().append(stream, 'streamExists', [aNewEvent()])).rejects.toMatchObject(wrong(stream, -1));
    await store().append(stream, 'any', [aNewEvent()]);
    await expect(store().append(stream, 'streamExists', [aNewEvent()])).resolves.toMatchObject({ revision: 1 });
  });

  it('holds a revision against one before and one ahead of the stream', async () => {
    const stream = aStream();
    await expect(store().append(stream, 0, [aNewEvent()])).rejects.toMatchObject(wrong(stream, -1));
    await store().append(stream, 'noStream', newEvents(3));
    await expect(store().append(stream, 1, [aNewEvent()])).rejects.toMatchObject(wrong(stream, 2));
    await expect(store().append(stream, 3, [aNewEvent()])).rejects.toMatchObject(wrong(stream, 2));
    await expect(store().append(stream, 2, [aNewEvent()])).resolves.toMatchObject({ revision: 3 });
    expect(await collect(store().readStream(stream))).toHaveLength(4);
  });

  it('says what was expected', async () => {
    const refused = store().append(aStream(), 7, [aNewEvent()]);
    await expect(refused).rejects.toBeInstanceOf(WrongExpectedRevision);
    await expect(refused).rejects.toMatchObject({ expected: 7 });
  });
}

function describeRepeats(store: () => EventStore): void {
  it('answers the same append at `noStream` or a revision as at first, however late', async () => {
    const stream = aStream();
    const [created, extended] = [newEvents(2), newEvents(3)];
    const first = await store().append(stream, 'noStream', created);
    const second = await store().append(stream, 1, extended);
    await store().append(stream, 4, newEvents(2));
    expect(await store().append(stream, 'noStream', created)).toEqual(first);
    expect(await store().append(stream, 1, extended)).toEqual(second);
    expect(await collect(store().readStream(stream))).toHaveLength(7);
  });

  it('recognises the immediate repeat at `any`', async () => {
    const stream = aStream();
    await store().append(stream, 'any', newEvents(2));
    const events = newEvents(2);
    const first = await store().append(stream, 'any', events);
    expect(await store().append(stream, 'any', events)).toEqual(first);
    expect(await collect(store().readStream(stream))).toHaveLength(4);
  });

  it('refuses an append of which only a part is stored', async () => {
    const stream = aStream();
    const [a, b] = [aNewEvent(), aNewEvent()];
    await store().append(stream, 'noStream', [a]);
    await expect(store().append(stream, 'noStream', [a, b])).rejects.toBeInstanceOf(WrongExpectedRevision);
    await expect(store().append(stream, 'noStream', [b, a])).rejects.toBeInstanceOf(WrongExpectedRevision);
    await store().append(stream, 0, [b]);
    await expect(store().append(stream, 0, [b, aNewEvent()])).rejects.toBeInstanceOf(WrongExpectedRevision);
    expect((await collect(store().readStream(stream))).map((event) => event.id)).toEqual([a.id, b.id]);
  });

  it('stores the same append that is made twice at once only once', async () => {
    const stream = aStream();
    const events = newEvents(2);
    const results = await Promise.all([1, 2, 3].map(() => store().append(stream, 'noStream', events)));
    expect(new Set(results.map(({ position }) => position)).size).toBe(1);
    expect(await collect(store().readStream(stream))).toHaveLength(2);
  });

  it('knows ids by stream: the same id in another stream is another event', async () => {
    const id = randomUUID();
    const [one, other] = [aStream(), aStream()];
    await store().append(one, 'noStream', [aNewEvent({ id })]);
    await expect(store().append(other, 'noStream', [aNewEvent({ id })])).resolves.toMatchObject({ revision: 0 });
  });
}

function describeLimits(store: () => EventStore): void {
  it('takes an event just below its limit, and refuses one above', async () => {
    const stream = aStream();
    const room = MAX_EVENT_BYTES - 1_000;
    await store().append(stream, 'noStream', [aNewEvent({ data: 'x'.repeat(room) })]);
    const [stored] = await collect(store().readStream(stream));
    expect((stored?.data as string).length).toBe(room);
    const tooLarge = store().append(stream, 0, [aNewEvent({ data: 'x'.repeat(MAX_EVENT_BYTES) })]);
    await expect(tooLarge).rejects.toBeInstanceOf(EventTooLarge);
    await expect(tooLarge).rejects.toMatchObject({ stream, limit: MAX_EVENT_BYTES });
  });

  it('counts bytes, not characters', async () => {
    const data = '漢'.repeat(MAX_EVENT_BYTES / 2);
    await expect(store().append(aStream(), 'noStream', [aNewEvent({ data })])).rejects.toBeInstanceOf(EventTooLarge);
  });

  it('takes an append just below its limit, and nothing of one above', async () => {
    const stream = aStream();
    const third = aNewEvent({ data: 'x'.repeat(MAX_APPEND_BYTES / 3 - 1_000) });
    const thirds = () => [1, 2, 3].map(() => aNewEvent({ data: third.data }));
    await store().append(stream, 'noStream', thirds());
    await expect(store().append(stream, 2, [...thirds(), third])).rejects.toBeInstanceOf(EventTooLarge);
    expect(await collect(store().readStream(stream))).toHaveLength(3);
  });

  it('takes many events in one append', async () => {
    const stream = aStream();
    const events = newEvents(2_500);
    await store().append(stream, 'noStream', events);
    const stored = await collect(store().readStream(stream));
    expect(stored.map((event) => event.id)).toEqual(events.map((event) => event.id));
  });
}
