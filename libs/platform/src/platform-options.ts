export const PLATFORM_OPTIONS: unique symbol = Symbol('PlatformOptions');

export interface PlatformOptions {
  readonly databaseUrl: string;
  /** Connections of each context's pool at most. Default 10. */
  readonly poolSize?: number;
  readonly logLevel: LogLevel;
}

export const LOG_LEVELS = ['fatal', 'error', 'warn', 'info', 'debug', 'trace', 'silent'] as const;
export type LogLevel = (typeof LOG_LEVELS)[number];
