import { context, propagation, ROOT_CONTEXT, SpanKind, SpanStatusCode, trace, type Context } from '@opentelemetry/api';
import { tracingIsOn } from '@muster/tracing';
import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';

/** Asked for every few seconds by machines: of no interest to anyone who follows a request. */
const UNTRACED = /^\/(health|metrics)\b/;

/**
 * A span for each request, in which everything runs that the request leads to; it goes on with the trace of the caller
 * where that sends one (`traceparent`).
 */
export function traceRequests(fastify: FastifyInstance): void {
  const contexts = new WeakMap<FastifyRequest, Context>();
  fastify.addHook('onRequest', (request, reply, done) => {
    if (!tracingIsOn() || UNTRACED.test(request.url)) {
      done();
      return;
    }
    const traced = begin(request, reply);
    contexts.set(request, traced);
    context.with(traced, done);
  });
  // The events by which a body comes in are those of the connection and know nothing of the request.
  fastify.addHook('preValidation', (request, _reply, done) => {
    const traced = contexts.get(request);
    if (traced) context.with(traced, done);
    else done();
  });
}

function begin(request: FastifyRequest, reply: FastifyReply): Context {
  const parent = propagation.extract(ROOT_CONTEXT, request.headers);
  const route = request.routeOptions.url ?? 'none';
  const attributes = {
    'http.request.method': request.method,
    'http.route': route,
    'muster.correlation_id': request.id,
  };
  const name = `${request.method} ${route}`;
  const span = trace.getTracer('muster').startSpan(name, { kind: SpanKind.SERVER, attributes }, parent);
  // Also after a client that went away.
  reply.raw.once('close', () => {
    span.setAttribute('http.response.status_code', reply.statusCode);
    if (reply.statusCode >= 500) span.setStatus({ code: SpanStatusCode.ERROR });
    span.end();
  });
  return trace.setSpan(parent, span);
}
