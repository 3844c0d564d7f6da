import type { Config } from './config/config';
import type { KafkaConfig } from './config/kafka-config';
import type { LogLevel } from './config/log-level';

export const PLATFORM_OPTIONS: unique symbol = Symbol('PlatformOptions');
/** The pool of the platform's own tables, and of the event store where that is in Postgres; in the schema `platform`. */
export const STORE_POOL: unique symbol = Symbol('StorePool');

/** Where the spans of this process go. */
export interface TraceOptions {
  /** A collector that speaks OTLP over HTTP: `http://collector:4318`. */
  readonly endpoint: string;
  /** The name of the process in traces, unless `OTEL_SERVICE_NAME` says otherwise. */
  readonly service: string;
}

/** What the process talks to beside Postgres. */
export interface Adapters {
  /** Absent: the events are in Postgres. */
  readonly eventStoreDbUrl?: string;
  /** Absent: consumers follow the event store, without a broker. */
  readonly kafka?: KafkaConfig;
}

export interface PlatformOptions extends Adapters {
  readonly databaseUrl: string;
  /** Connections of each context's pool at most. Default 10. */
  readonly poolSize?: number;
  readonly logLevel: LogLevel;
  /** Absent: nothing is traced. */
  readonly traces?: TraceOptions;
  /** Something goes no further in this process that a new one can do: it should end and be started anew. */
  readonly onBroken?: (reason: string) => void;
}

/** What the configuration chooses; an address that is set and not chosen has no effect. */
export function adaptersOf({ eventStore, eventStoreDbUrl, bus, kafka }: Config): Adapters {
  return {
    ...(eventStore === 'eventstoredb' && eventStoreDbUrl !== null && { eventStoreDbUrl }),
    ...(bus === 'kafka' && kafka && { kafka }),
  };
}
