export { recordTraces, type RecordedTraces } from './record-traces';
export { traceWith, waysUp, wayUp, type ToldSpan } from './told-span';
export { TraceReceiver } from './trace-receiver';
