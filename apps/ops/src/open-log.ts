import { StoreUnavailable, type EventStore } from '@muster/event-store';
import { EventStoreDbEventStore } from '@muster/event-store-eventstoredb';
import { PostgresEventStore } from '@muster/event-store-postgres';
import { createPool, errorCode, isUnavailable } from '@muster/postgres';
import { deepest, Failure, isRefusedByEventStoreDb, placeOf, WrongUsage } from './failures';

/** An event store that this tool has opened by its address, and what lets go of it. */
export interface OpenLog {
  readonly store: EventStore;
  /** `postgres host:5432/muster`, for people. */
  readonly place: string;
  close(): Promise<void>;
}

const SCHEMES = 'postgres://user:password@host:5432/database or esdb://user:password@host:2113';

/** Opens the log at this address; makes one where there is none only where `create` says so. */
export async function openLog(url: string, { create }: { readonly create: boolean }): Promise<OpenLog> {
  const scheme = /^([a-z+]+):\/\//.exec(url)?.[1] ?? '';
  if (/^postgres(ql)?$/.test(scheme) && URL.canParse(url)) return openPostgres(url, create);
  if (/^(esdb|kurrentdb|kdb)(\+discover)?$/.test(scheme)) return openEventStoreDb(url);
  throw new WrongUsage(`not the address of an event store: it is ${SCHEMES}`);
}

async function openPostgres(url: string, create: boolean): Promise<OpenLog> {
  const place = `postgres ${placeOf(url)}`;
  const pool = createPool({ connectionString: url, applicationName: 'muster-ops', max: 4, connectTimeoutMs: 5_000 });
  try {
    const { rows } = await pool.query<{ found: boolean }>(
      `SELECT to_regclass('event_store.event') IS NOT NULL AS found`,
    );
    if (!create && rows[0]?.found !== true) throw new Failure(`${place} holds no event store of Muster`);
    const store = await PostgresEventStore.open({ pool });
    return {
      store,
      place,
      close: async () => {
        await store.close();
        await pool.end();
      },
    };
  } catch (error) {
    await pool.end();
    throw error instanceof Failure ? error : refused(place, error);
  }
}

async function openEventStoreDb(url: string): Promise<OpenLog> {
  const place = `eventstoredb ${/^[a-z+]+:\/\/(?:[^@/]*@)?([^/?]+)/.exec(url)?.[1] ?? ''}`;
  try {
    const store = await EventStoreDbEventStore.open({ connectionString: url, timeoutMs: 10_000 });
    return { store, place, close: () => store.close() };
  } catch (error) {
    if (error instanceof TypeError) throw new WrongUsage(error.message);
    throw refused(place, error);
  }
}

function refused(place: string, error: unknown): Failure {
  const { message } = deepest(error);
  const options = { cause: error };
  if (error instanceof StoreUnavailable || isUnavailable(error)) {
    return new Failure(`${place} does not answer: ${message}`, options);
  }
  if (errorCode(error).startsWith('28') || isRefusedByEventStoreDb(error)) {
    return new Failure(`${place} refuses the user: ${message}`, options);
  }
  return new Failure(`${place}: ${message}`, options);
}
