export const PLATFORM_OPTIONS: unique symbol = Symbol('PlatformOptions');
/** The pool of the event store and of the platform's own tables, which are in the schema `platform`. */
export const STORE_POOL: unique symbol = Symbol('StorePool');

export const LOG_LEVELS = ['fatal', 'error', 'warn', 'info', 'debug', 'trace', 'silent'] as const;
export type LogLevel = (typeof LOG_LEVELS)[number];

/** Where the spans of this process go. */
export interface TraceOptions {
  /** A collector that speaks OTLP over HTTP: `http://collector:4318`. */
  readonly endpoint: string;
  /** The name of the process in traces, unless `OTEL_SERVICE_NAME` says otherwise. */
  readonly service: string;
}

export interface PlatformOptions {
  readonly databaseUrl: string;
  /** Connections of each context's pool at most. Default 10. */
  readonly poolSize?: number;
  readonly logLevel: LogLevel;
  /** Absent: nothing is traced. */
  readonly traces?: TraceOptions;
}
