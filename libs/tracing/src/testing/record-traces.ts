import { context, propagation, trace } from '@opentelemetry/api';
import { W3CTraceContextPropagator } from '@opentelemetry/core';
import { InMemorySpanExporter, NodeTracerProvider, SimpleSpanProcessor } from '@opentelemetry/sdk-trace-node';
import type { ReadableSpan, Sampler } from '@opentelemetry/sdk-trace-node';
import type { ToldSpan } from './told-span';

/** Takes the traces of this process, for specs. */
export interface RecordedTraces {
  /** That have ended, in that order. */
  spans(): readonly ReadableSpan[];
  /** The same, as a receiver gets them. */
  told(): readonly ToldSpan[];
  stop(): Promise<void>;
}

export function recordTraces(sampler?: Sampler): RecordedTraces {
  const exporter = new InMemorySpanExporter();
  const provider = new NodeTracerProvider({
    spanProcessors: [new SimpleSpanProcessor(exporter)],
    ...(sampler && { sampler }),
  });
  provider.register({ propagator: new W3CTraceContextPropagator() });
  return {
    spans: () => exporter.getFinishedSpans(),
    told: () => exporter.getFinishedSpans().map(toldSpan),
    async stop() {
      await provider.shutdown();
      for (const api of [trace, context, propagation]) api.disable();
    },
  };
}

function toldSpan(span: ReadableSpan): ToldSpan {
  const { name, attributes, resource, parentSpanContext } = span;
  const { traceId, spanId } = span.spanContext();
  const service = String(resource.attributes['service.name']);
  return {
    service,
    name,
    traceId,
    spanId,
    attributes,
    ...(parentSpanContext && { parentSpanId: parentSpanContext.spanId }),
  };
}
