import {
  context,
  propagation,
  ROOT_CONTEXT,
  SpanKind,
  SpanStatusCode,
  trace,
  TraceFlags,
  type Attributes,
  type Context,
  type Span,
  type Tracer,
} from '@opentelemetry/api';

export interface SpanOptions {
  /** Of few values: what is told apart by ids stands in the attributes. */
  readonly name: string;
  /** `in`: something came in; `out`: something goes out; `call`: and is waited for; else it is work in between. */
  readonly kind?: 'in' | 'out' | 'call' | 'between';
  readonly attributes?: Attributes;
  /**
   * The W3C Trace Context that the work goes on with, `undefined` in it where what led to the work was not traced. Where
   * `from` is not given at all, the work belongs to the active span.
   */
  readonly from?: { readonly traceparent: string | undefined };
}

const KINDS = {
  in: SpanKind.CONSUMER,
  out: SpanKind.PRODUCER,
  call: SpanKind.CLIENT,
  between: SpanKind.INTERNAL,
} as const;

export const kindOf = (kind: SpanOptions['kind'] = 'between'): SpanKind => KINDS[kind];

export function tracer(): Tracer {
  return trace.getTracer('muster');
}

/** Whether somebody takes traces: without, nobody needs to look for what to tell. */
export function tracingIsOn(): boolean {
  // The API has no question for it. Who takes traces sets a propagator, and the one that is there without has no fields.
  return propagation.fields().length > 0;
}

/** The trace that the text names, for spans to belong to; nothing where it names none. */
export function contextFrom(traceparent: string | undefined): Context {
  return traceparent === undefined ? ROOT_CONTEXT : propagation.extract(ROOT_CONTEXT, { traceparent });
}

/**
 * Runs the work in a span of the trace it belongs to; in none where there is no such trace: traces begin with requests,
 * and what nobody asked for fills no store of traces. A failure is told by its type, for messages may hold values.
 */
export async function inSpan<T>(options: SpanOptions, work: (span?: Span) => Promise<T>): Promise<T> {
  if (!tracingIsOn()) return work();
  const { name, kind, attributes, from } = options;
  const parent = from ? contextFrom(from.traceparent) : context.active();
  if (!trace.getSpanContext(parent)) return from ? context.with(ROOT_CONTEXT, work) : work();
  const span = tracer().startSpan(name, { kind: kindOf(kind), ...(attributes && { attributes }) }, parent);
  try {
    return await context.with(trace.setSpan(parent, span), work, undefined, span);
  } catch (error) {
    markFailed(span, error);
    throw error;
  } finally {
    span.end();
  }
}

export function markFailed(span: Span, error: unknown): void {
  span.setAttribute('error.type', error instanceof Error ? error.name : typeof error);
  span.setStatus({ code: SpanStatusCode.ERROR });
}

/** The active span as W3C Trace Context, for what goes on later or elsewhere; `undefined` where nobody keeps the trace. */
export function currentTraceparent(): string | undefined {
  const current = trace.getSpanContext(context.active());
  if (!current || (current.traceFlags & TraceFlags.SAMPLED) === 0) return undefined;
  return outgoingHeaders()['traceparent'];
}

/** What a request to another service carries, so that it goes on with this trace. */
export function outgoingHeaders(): Record<string, string> {
  const headers: Record<string, string> = {};
  propagation.inject(context.active(), headers);
  return headers;
}

/** Of the active span. */
export function currentTraceId(): string | undefined {
  return trace.getSpanContext(context.active())?.traceId;
}
