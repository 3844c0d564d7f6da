import { context, diag, DiagLogLevel, propagation, trace, type DiagLogger } from '@opentelemetry/api';
import { Logger } from '@nestjs/common';
import { hostname } from 'node:os';
import type { TraceOptions } from '../platform-options';

/** What is still to be sent when the process ends is given so long. */
const FLUSH_MS = 3_000;
/** While nobody takes the spans the exporter says so every few seconds; it is passed on this often. */
const SAY_AGAIN_MS = 60_000;

/**
 * Sends spans by OTLP over HTTP from now on; the answer ends it. Sampling, limits, headers and resource attributes come from
 * the standard variables (`OTEL_*`). Spans wait in a bounded queue: a collector that is away costs spans and nothing else.
 */
export async function sendTraces({ endpoint, service }: TraceOptions): Promise<() => Promise<void>> {
  // A quarter of a second and 17 MB, which only those pay who take traces.
  const [{ W3CTraceContextPropagator }, { OTLPTraceExporter }, resources, sdk] = await Promise.all([
    import('@opentelemetry/core'),
    import('@opentelemetry/exporter-trace-otlp-http'),
    import('@opentelemetry/resources'),
    import('@opentelemetry/sdk-trace-node'),
  ]);
  diag.setLogger(patient(new Logger('Traces')), { logLevel: DiagLogLevel.WARN, suppressOverrideMessage: true });
  const instance = `${hostname()}-${String(process.pid)}`;
  const exporter = new OTLPTraceExporter({ url: `${endpoint.replace(/\/$/, '')}/v1/traces` });
  const provider = new sdk.NodeTracerProvider({
    resource: resources
      .defaultResource()
      .merge(resources.resourceFromAttributes({ 'service.name': service, 'service.instance.id': instance }))
      .merge(resources.detectResources({ detectors: [resources.envDetector] })),
    spanProcessors: [new sdk.BatchSpanProcessor(exporter)],
  });
  provider.register({ propagator: new W3CTraceContextPropagator() });
  return async () => {
    await inTime(provider.shutdown().catch(() => undefined));
    for (const api of [trace, context, propagation, diag]) api.disable();
  };
}

/** The first of the same messages, and one a minute. */
function patient(logger: Logger): DiagLogger {
  const said = new Map<string, number>();
  const say = (message: string): void => {
    const about = message.replace(/\d+/g, '').slice(0, 100);
    const now = performance.now();
    if (now - (said.get(about) ?? -Infinity) < SAY_AGAIN_MS) return;
    said.set(about, now);
    logger.warn(`spans are not sent as they should be: ${message.slice(0, 500)}`);
  };
  const nothing = (): void => undefined;
  return { error: say, warn: say, info: nothing, debug: nothing, verbose: nothing };
}

async function inTime(work: Promise<void>): Promise<void> {
  let timer: NodeJS.Timeout | undefined;
  const enough = new Promise<void>((resolve) => {
    timer = setTimeout(resolve, FLUSH_MS);
  });
  await Promise.race([work, enough]);
  clearTimeout(timer);
}
