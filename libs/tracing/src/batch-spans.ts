import { context, ROOT_CONTEXT, trace, type Context, type Link, type Span } from '@opentelemetry/api';
import { contextFrom, kindOf, markFailed, tracer, tracingIsOn, type SpanOptions } from './spans';

export interface BatchOptions extends Pick<SpanOptions, 'name' | 'kind' | 'attributes'> {
  /** The W3C Trace Contexts of what is in the batch; looked at only where somebody takes traces. */
  readonly from: () => Iterable<string | undefined>;
}

/** More traces than these are linked from the first one's span: a batch of thousands makes no thousand spans. */
const MOST_SPANS = 32;
/** As many links as the SDK keeps. */
const MOST_LINKS = 128;

/**
 * Runs work that is done once for many events, and tells it in each of their traces: one span per trace with the same
 * times, a child of the trace's first event in the batch. Nothing is told where none of the events was traced.
 */
export async function inSpans<T>(options: BatchOptions, work: () => Promise<T>): Promise<T> {
  if (!tracingIsOn()) return work();
  const origins = originsOf(options.from());
  const [only] = origins;
  if (!only) return work();
  const spans = startSpans(options, origins);
  // Whatever is done within belongs to one trace only where there is one.
  const inside = origins.length === 1 && spans[0] ? trace.setSpan(only, spans[0]) : ROOT_CONTEXT;
  try {
    return await context.with(inside, work);
  } catch (error) {
    for (const span of spans) markFailed(span, error);
    throw error;
  } finally {
    for (const span of spans) span.end();
  }
}

function startSpans({ name, kind, attributes = {} }: BatchOptions, origins: readonly Context[]): Span[] {
  const links = origins.slice(MOST_SPANS, MOST_SPANS + MOST_LINKS).flatMap((origin): Link[] => {
    const spanContext = trace.getSpanContext(origin);
    return spanContext ? [{ context: spanContext }] : [];
  });
  const told = { ...attributes, 'muster.traces': origins.length };
  return origins
    .slice(0, MOST_SPANS)
    .map((origin, i) =>
      tracer().startSpan(name, { kind: kindOf(kind), attributes: told, ...(i === 0 && { links }) }, origin),
    );
}

/** One for each trace, that of its first event. */
function originsOf(traceparents: Iterable<string | undefined>): readonly Context[] {
  const origins = new Map<string, Context>();
  for (const traceparent of traceparents) {
    if (traceparent === undefined) continue;
    const traceId = traceparent.split('-', 2)[1] ?? '';
    if (origins.has(traceId)) continue;
    const origin = contextFrom(traceparent);
    if (trace.getSpanContext(origin)) origins.set(traceId, origin);
  }
  return [...origins.values()];
}
