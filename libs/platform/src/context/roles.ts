import { withTransaction, type Queryable } from '@muster/postgres';
import { escapeIdentifier, escapeLiteral, type Pool } from 'pg';
import { roleOf, SERVICE_CONTEXTS, type ServiceContext } from './service-context';

/** What a service logs in as, where each has a user of its own; may act as its context, and as `access`. */
export function loginOf(context: ServiceContext): string {
  return `${roleOf(context)}_service`;
}

/**
 * Makes the user of a service that runs apart, or gives it another password. It owns nothing, may make no roles, and
 * reaches no other context's tables but what these publish. {@link createContexts} comes before. Answers its name.
 */
export async function createLogin(pool: Pool, context: ServiceContext, password: string): Promise<string> {
  const login = escapeIdentifier(loginOf(context));
  const { rowCount } = await pool.query('SELECT FROM pg_roles WHERE rolname = $1', [loginOf(context)]);
  await pool.query(`${rowCount === 0 ? 'CREATE' : 'ALTER'} ROLE ${login} LOGIN PASSWORD ${escapeLiteral(password)}`);
  const roles = [context, 'access' as const].map((each) => escapeIdentifier(roleOf(each))).join(', ');
  await pool.query(`GRANT ${roles} TO ${login} WITH INHERIT TRUE, SET TRUE`);
  return loginOf(context);
}

/**
 * Creates what every context stands on, before any migration runs: a role without login that the connecting user may
 * act as, and a schema of its own. Roles belong to the whole server and other databases may be created at the same
 * time, hence the retries. Needs Postgres 16 or later and a user with CREATEROLE and CREATE on the database.
 */
export async function createContexts(pool: Pool): Promise<void> {
  for (const context of SERVICE_CONTEXTS) await retryRaces(() => createRole(pool, context));
  await withTransaction(pool, async (client) => {
    await client.query(`SELECT pg_advisory_xact_lock(hashtext('muster:contexts'))`);
    for (const context of SERVICE_CONTEXTS) await createSchema(client, context);
  });
}

async function createRole(pool: Pool, context: ServiceContext): Promise<void> {
  const role = roleOf(context);
  const { rows } = await pool.query<{ member: boolean }>(
    `SELECT pg_has_role(current_user, oid, 'SET') AS member FROM pg_roles WHERE rolname = $1`,
    [role],
  );
  if (rows.length === 0) await pool.query(`CREATE ROLE ${escapeIdentifier(role)} NOLOGIN`);
  if (rows[0]?.member !== true) await pool.query(`GRANT ${escapeIdentifier(role)} TO CURRENT_USER WITH SET TRUE`);
}

/** Projections keep each generation in a schema of its own, hence CREATE on the database. */
async function createSchema(client: Queryable, context: ServiceContext): Promise<void> {
  const role = escapeIdentifier(roleOf(context));
  const { rows } = await client.query<{ name: string }>('SELECT current_database() AS name');
  const database = escapeIdentifier(rows[0]?.name ?? '');
  await client.query(`GRANT CONNECT, CREATE, TEMPORARY ON DATABASE ${database} TO ${role}`);
  await client.query(`CREATE SCHEMA IF NOT EXISTS ${escapeIdentifier(context)} AUTHORIZATION ${role}`);
}

/** 42710 and 23505: another one created it; XX000 "tuple concurrently updated": another one grants. */
const RACES = new Set(['42710', '23505', 'XX000']);

async function retryRaces(work: () => Promise<void>, tries = 10): Promise<void> {
  try {
    await work();
  } catch (error) {
    const code = error instanceof Error && 'code' in error ? String(error.code) : '';
    if (!RACES.has(code) || tries <= 1) throw error;
    await retryRaces(work, tries - 1);
  }
}
