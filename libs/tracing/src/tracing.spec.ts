import { AlwaysOffSampler } from '@opentelemetry/sdk-trace-node';
import { currentTraceparent, inSpan, inSpans, outgoingHeaders, currentTraceId, tracingIsOn } from './index';
import { recordTraces, type RecordedTraces } from './testing';

const traceparentOf = (n: number): string => `00-${String(n).padStart(32, '0')}-00000000000000ab-01`;

let traces: RecordedTraces | undefined;
const record = (...args: Parameters<typeof recordTraces>): RecordedTraces => (traces = recordTraces(...args));
afterEach(async () => {
  await traces?.stop();
  traces = undefined;
});

/** As a request does. */
const asRoot = <T>(work: () => Promise<T>): Promise<T> =>
  inSpan({ name: 'root', from: { traceparent: traceparentOf(7) } }, work);

describe('without anybody who takes traces', () => {
  it('work is done, and nothing is looked for', async () => {
    expect(tracingIsOn()).toBe(false);
    const from = jest.fn(() => []);
    expect(await inSpans({ name: 'batch', from }, () => Promise.resolve(1))).toBe(1);
    expect(from).not.toHaveBeenCalled();
    expect(await asRoot(() => Promise.resolve([currentTraceparent(), currentTraceId(), outgoingHeaders()]))).toEqual([
      undefined,
      undefined,
      {},
    ]);
  });
});

describe('a span', () => {
  it('goes on with the trace that a text names, and hands it on', async () => {
    const { spans } = record();
    const inside = await asRoot(() =>
      inSpan({ name: 'child', kind: 'out' }, () =>
        Promise.resolve({ text: currentTraceparent(), id: currentTraceId() }),
      ),
    );
    const [child, root] = spans();
    expect(root?.parentSpanContext?.spanId).toBe('00000000000000ab');
    expect(child?.parentSpanContext?.spanId).toBe(root?.spanContext().spanId);
    expect(inside.text).toBe(`00-${inside.id ?? ''}-${child?.spanContext().spanId ?? ''}-01`);
    expect(inside.id).toBe(traceparentOf(7).split('-')[1]);
  });

  it('is not begun where what led to the work was not traced, whatever is active', async () => {
    const { spans } = record();
    const inside = (): Promise<unknown> => Promise.resolve(currentTraceId());
    for (const traceparent of [undefined, '', 'rubbish', traceparentOf(0)]) {
      expect(await asRoot(() => inSpan({ name: 'x', from: { traceparent } }, inside))).toBeUndefined();
    }
    expect(await inSpan({ name: 'x' }, inside)).toBeUndefined();
    expect(spans().map(({ name }) => name)).toEqual(['root', 'root', 'root', 'root']);
  });

  it('says that it failed and how, and not with which values', async () => {
    const { spans } = record();
    await expect(asRoot(() => Promise.reject(new TypeError('anna@example.org')))).rejects.toThrow(TypeError);
    const [root] = spans();
    expect(root?.attributes).toEqual({ 'error.type': 'TypeError' });
    expect(JSON.stringify([root?.status, root?.events])).not.toContain('anna');
  });

  it('of a trace that nobody keeps is handed on to services, which keep nothing either, and not into events', async () => {
    record(new AlwaysOffSampler());
    await asRoot(() => {
      expect(currentTraceparent()).toBeUndefined();
      expect(outgoingHeaders()['traceparent']).toMatch(/-00$/);
      return Promise.resolve();
    });
  });
});

describe('work on a batch', () => {
  it('is told once in each of the traces of its events, and what is done within belongs to none of several', async () => {
    const { spans } = record();
    const from = () => [traceparentOf(1), undefined, traceparentOf(2), traceparentOf(1)];
    expect(await inSpans({ name: 'batch', from }, () => Promise.resolve(currentTraceId()))).toBeUndefined();
    expect(spans().map((span) => Number(span.spanContext().traceId))).toEqual([1, 2]);
  });

  it('of one trace is the parent of what is done within', async () => {
    const { spans } = record();
    const from = () => [traceparentOf(1), traceparentOf(1)];
    await inSpans({ name: 'batch', from }, () => inSpan({ name: 'within' }, () => Promise.resolve()));
    const [within, batch] = spans();
    expect(within?.parentSpanContext?.spanId).toBe(batch?.spanContext().spanId);
  });

  it('of very many traces makes some spans, the first of which links to the rest', async () => {
    const { spans } = record();
    const from = () => Array.from({ length: 40 }, (_, i) => traceparentOf(i + 1));
    await inSpans({ name: 'batch', from }, () => Promise.resolve());
    expect(spans().map(({ links }) => links.length)).toEqual([8, ...Array.from({ length: 31 }, () => 0)]);
    expect(spans()[0]?.attributes['muster.traces']).toBe(40);
  });

  it('is told nowhere where no event was traced', async () => {
    const { spans } = record();
    await inSpans({ name: 'batch', from: () => [undefined] }, () => Promise.resolve());
    expect(spans()).toEqual([]);
  });

  it('that fails says so in each trace', async () => {
    const { spans } = record();
    const from = () => [traceparentOf(1), traceparentOf(2)];
    await expect(inSpans({ name: 'batch', from }, () => Promise.reject(new TypeError()))).rejects.toThrow(TypeError);
    expect(spans().map(({ attributes }) => attributes['error.type'])).toEqual(['TypeError', 'TypeError']);
  });
});
