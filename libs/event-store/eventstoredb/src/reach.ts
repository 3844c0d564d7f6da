import { AccessDeniedError, EventStoreDBClient } from '@eventstore/db-client';
import { StoreUnavailable } from '@muster/event-store';
import { credentialsOf } from './connections';
import { EventStoreDbEventStore } from './eventstoredb-event-store';

const WITHIN_MS = 3_000;
/** Codes of gRPC: permission denied, unauthenticated. */
const REFUSED = new Set<unknown>([7, 16]);

/** Whether a text can be a connection string at all. */
export function isConnectionString(text: string): boolean {
  try {
    credentialsOf(text);
    // Connects with the first call only.
    EventStoreDBClient.connectionString(text);
    return true;
  } catch {
    return false;
  }
}

/**
 * Opens the log once, for whoever wants to wait for it. Answers for people why that does not go, without a secret in it;
 * `null` where it does.
 */
export async function unreachable(connectionString: string): Promise<string | null> {
  const where = `EventStoreDB at ${hostsOf(connectionString)}`;
  try {
    const store = await EventStoreDbEventStore.open({ connectionString, timeoutMs: WITHIN_MS });
    await store.close();
    return null;
  } catch (error) {
    if (isRefusal(error)) return `${where} refuses the user and password of its connection string`;
    if (error instanceof StoreUnavailable) return `${where} does not answer (${reasonOf(error)})`;
    throw error;
  }
}

/** `host:2113`, or several of a cluster. */
export function hostsOf(connectionString: string): string {
  return /^[a-z+]+:\/\/(?:[^@/]*@)?([^/?]+)/.exec(connectionString)?.[1] ?? 'an unknown address';
}

function isRefusal(error: unknown): boolean {
  if (error instanceof AccessDeniedError) return true;
  return error instanceof Error && 'code' in error && REFUSED.has(error.code);
}

/** The system's own word, such as ECONNREFUSED, which the client puts into its text. */
function reasonOf({ cause }: Error): string {
  const text = cause instanceof Error ? cause.message : '';
  return /\b(?:E[A-Z]{4,}|[A-Z]+(?:_[A-Z]+)*_CERT(?:_[A-Z]+)*|CERT_[A-Z_]+)\b/.exec(text)?.[0] ?? 'no answer in time';
}
