/** What {@link PlatformModule} provides everywhere, by port. */
export const EVENT_STORE: unique symbol = Symbol('EventStore');
export const AGGREGATES: unique symbol = Symbol('Aggregates');
export const CLOCK: unique symbol = Symbol('Clock');
export const IDS: unique symbol = Symbol('IdGenerator');
export const RANDOM: unique symbol = Symbol('RandomSource');
export const INTEGRATION_BUS: unique symbol = Symbol('IntegrationBus');
/** Bound by the access module: {@link KeyVerifier}. */
export const KEY_VERIFIER: unique symbol = Symbol('KeyVerifier');
/** Bound by the segments module in one process: `SegmentsApi` of `@muster/contracts`. */
export const SEGMENTS_API: unique symbol = Symbol('SegmentsApi');
/** The aggregates without the counting: for the platform's own shutdown and tests. */
export const PLAIN_AGGREGATES: unique symbol = Symbol('EventSourcedAggregates');
