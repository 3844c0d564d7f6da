import { SNAPSHOT_DDL } from '@muster/aggregates';
import { migrateEventStore } from '@muster/event-store-postgres';
import { withSessionLock } from '@muster/postgres';
import type { Pool } from 'pg';
import { KNOWN_LOG_DDL } from '../known-log';
import { createContexts } from './roles';
import { roleOf, SERVICE_CONTEXTS } from './service-context';

export const PLATFORM_SCHEMA = 'platform';

/** Tables of {@link prepareDatabase}, made last: where they stand, everything does. */
export const PREPARED: readonly string[] = [`${PLATFORM_SCHEMA}.snapshot`, `${PLATFORM_SCHEMA}.event_log`];

/**
 * Makes what all processes stand on: roles and schemas of the contexts, the event store's tables where the log is in
 * Postgres, and the platform's own. Whoever connects with a role of the contexts may then use them. Can be repeated, and
 * done by several at once. The pool's user needs CREATEROLE, and CREATE on the database.
 */
export async function prepareDatabase(
  pool: Pool,
  { logInPostgres }: { readonly logInPostgres: boolean },
): Promise<void> {
  await withSessionLock(pool, 'muster:start', async () => {
    // Roles and schemas first: migrations may grant to any context.
    await createContexts(pool);
    if (logInPostgres) await migrateEventStore(pool, { grantTo: SERVICE_CONTEXTS.map(roleOf) });
    await createPlatformTables(pool);
  });
}

/** A user without CREATEROLE is a service's own: it finds the database prepared and changes nothing of it. */
export async function mayPrepare(pool: Pool): Promise<boolean> {
  const { rows } = await pool.query<{ may: boolean }>(
    'SELECT rolsuper OR rolcreaterole AS may FROM pg_roles WHERE rolname = current_user',
  );
  return rows[0]?.may === true;
}

async function createPlatformTables(pool: Pool): Promise<void> {
  const roles = SERVICE_CONTEXTS.map(roleOf).join(', ');
  await pool.query(`CREATE SCHEMA IF NOT EXISTS ${PLATFORM_SCHEMA}`);
  await pool.query(`SET search_path = ${PLATFORM_SCHEMA}; ${SNAPSHOT_DDL}; ${KNOWN_LOG_DDL}; RESET search_path`);
  await pool.query(`
    GRANT USAGE ON SCHEMA ${PLATFORM_SCHEMA} TO ${roles};
    GRANT SELECT, INSERT, UPDATE, DELETE ON ${PLATFORM_SCHEMA}.snapshot TO ${roles};
    GRANT SELECT, INSERT, UPDATE ON ${PLATFORM_SCHEMA}.event_log TO ${roles};`);
}
