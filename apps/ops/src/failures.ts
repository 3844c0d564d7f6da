import { StoreUnavailable } from '@muster/event-store';
import { troubleOf, WrongTopicConfiguration } from '@muster/messaging-kafka';
import { ConfigError } from '@muster/platform/config';
import { errorCode, isUnavailable } from '@muster/postgres';

/** Something is wrong, and the message says what, where, and what may be done. */
export class Failure extends Error {
  override readonly name: string = 'Failure';
}

/** What was asked for does not exist or is not allowed. */
export class WrongUsage extends Failure {
  override readonly name = 'WrongUsage';
}

/** `host:5432/database` of a connection string, without what is secret in it. */
export function placeOf(url: string): string {
  if (!URL.canParse(url)) return 'an address that is none';
  const { host, pathname } = new URL(url);
  return `${host}${pathname === '/' ? '' : pathname}`;
}

/** One line that says what is wrong. */
export function explain(error: unknown, env: Readonly<Record<string, string | undefined>>): string {
  if (error instanceof Failure || error instanceof ConfigError) return error.message;
  const { DATABASE_URL = '', KAFKA_BROKERS = '' } = env;
  const known = explainStore(error) ?? explainPostgres(error, DATABASE_URL) ?? explainKafka(error, KAFKA_BROKERS);
  if (known !== undefined) return known;
  const { name, message } = deepest(error);
  return `${name}: ${message}`;
}

function explainStore(error: unknown): string | undefined {
  if (error instanceof StoreUnavailable) return `The event store does not answer: ${deepest(error).message}`;
  return isRefusedByEventStoreDb(error)
    ? 'EventStoreDB refuses the user of EVENTSTOREDB_URL, or what it may do'
    : undefined;
}

/** Codes of gRPC: permission denied, unauthenticated; and what the client makes of them. */
export function isRefusedByEventStoreDb(error: unknown): boolean {
  if (typeof error !== 'object' || error === null) return false;
  const code = 'code' in error ? error.code : undefined;
  return code === 16 || code === 7 || ('name' in error && error.name === 'AccessDeniedError');
}

function explainPostgres(error: unknown, databaseUrl: string): string | undefined {
  const code = errorCode(error);
  const where = `${placeOf(databaseUrl)} (DATABASE_URL)`;
  const { message } = deepest(error);
  if (isUnavailable(error)) return `Postgres does not answer at ${where}: ${message}`;
  if (code.startsWith('28')) return `Postgres at ${where} refuses the user: ${message}`;
  if (code === '3D000') return `Postgres has no such database: ${message} (DATABASE_URL)`;
  if (code === '42501')
    return `The user of DATABASE_URL may not do this: ${message}. It must be one that may act as the roles of all contexts, like that of: muster-ops database apply`;
  if (code === '42P01') return `A table is missing: ${message}. Start the services of this version once; they make it`;
  return undefined;
}

function explainKafka(error: unknown, brokers: string): string | undefined {
  if (error instanceof WrongTopicConfiguration) {
    return `${error.message}; what keys and copies hang on is changed by hand`;
  }
  if (!(error instanceof Error && error.name.startsWith('KafkaJS'))) return undefined;
  const { name, message } = deepest(error);
  if (message.includes('Replication-factor')) {
    return `Kafka at ${brokers} has fewer brokers than copies are asked for: see KAFKA_REPLICATION_FACTOR`;
  }
  if (message.includes('does not host this topic-partition')) {
    return `Kafka at ${brokers} lacks a topic of Muster: run muster-ops topics apply`;
  }
  return /SASL|AUTHORIZATION|Connection|Timeout/i.test(`${name} ${message}`)
    ? troubleOf(error, [brokers])
    : `Kafka at ${brokers} refuses: ${message}`;
}

interface Told {
  readonly name: string;
  readonly message: string;
}

/**
 * The innermost cause, which says most. Node gathers the failures of several addresses of one host. By shape: errors of
 * Node's own realm are no `Error` inside a sandbox such as Jest's.
 */
export function deepest(error: unknown): Told {
  if (typeof error !== 'object' || error === null) return { name: 'Error', message: String(error) };
  if ('errors' in error && Array.isArray(error.errors) && error.errors.length > 0) return deepest(error.errors[0]);
  if ('cause' in error && typeof error.cause === 'object' && error.cause !== null) return deepest(error.cause);
  const text = (name: 'name' | 'message' | 'code'): string =>
    name in error ? String((error as Record<string, unknown>)[name]) : '';
  return { name: text('name') || 'Error', message: text('message') || text('code') };
}
