export const PLATFORM_OPTIONS: unique symbol = Symbol('PlatformOptions');
/** The pool of the event store and of the platform's own tables, which are in the schema `platform`. */
export const STORE_POOL: unique symbol = Symbol('StorePool');

export const LOG_LEVELS = ['fatal', 'error', 'warn', 'info', 'debug', 'trace', 'silent'] as const;
export type LogLevel = (typeof LOG_LEVELS)[number];

export interface PlatformOptions {
  readonly databaseUrl: string;
  /** Connections of each context's pool at most. Default 10. */
  readonly poolSize?: number;
  readonly logLevel: LogLevel;
}
