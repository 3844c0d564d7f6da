export { currentTraceparent, inSpan, outgoingHeaders, currentTraceId, tracingIsOn, type SpanOptions } from './spans';
export { inSpans, type BatchOptions } from './batch-spans';
