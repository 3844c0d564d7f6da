import { errorCode } from '@muster/postgres';
import { Client } from 'pg';
import { PREPARED } from '../context/prepare-database';

/** No such user, or not with this password: Postgres does not say which. */
const REFUSED = new Set(['28P01', '28000']);

/**
 * A user that may make roles prepares the database itself; any other one waits until somebody has. Asked of the catalogue:
 * `to_regclass` fails for a schema on which nothing is granted yet.
 */
const MISSING = `
  SELECT name, name = ANY ($2) AS "toPrepare"
  FROM (SELECT unnest($1::text[]) AS name
    UNION SELECT unnest($2::text[]) FROM pg_roles WHERE rolname = current_user AND NOT (rolsuper OR rolcreaterole)) AS needed
  WHERE NOT EXISTS (SELECT FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
    WHERE n.nspname || '.' || c.relname = name)
  ORDER BY name`;

/**
 * What is missing of the database: that it answers, that it is prepared, and that these views or tables of other services
 * stand (`qualified by their schema`). `null` when nothing is.
 */
export async function missingInDatabase(databaseUrl: string, relations: readonly string[]): Promise<string | null> {
  const { hostname, port, username } = new URL(databaseUrl);
  const client = new Client({ connectionString: databaseUrl, connectionTimeoutMillis: 3_000 });
  // Heard here: a connection that is lost between two statements would end the process.
  client.on('error', () => undefined);
  try {
    await client.connect();
    const { rows } = await client.query<{ name: string; toPrepare: boolean }>(MISSING, [relations, PREPARED]);
    if (rows.length === 0) return null;
    if (rows.some(({ toPrepare }) => toPrepare)) {
      return 'the database is not prepared, and this user may not do it: run `muster-ops database apply`';
    }
    return `${rows.map(({ name }) => name).join(', ')} not there yet: the service that makes it has to start once`;
  } catch (error) {
    const place = `Postgres at ${hostname}:${port || '5432'}`;
    const reason = errorCode(error) || 'no answer';
    if (!REFUSED.has(reason)) return `${place} does not take connections (${reason})`;
    return `${place} refuses the user ${username} (${reason}): its password is wrong, or \`muster-ops database apply\` has to make it`;
  } finally {
    await client.end().catch(() => undefined);
  }
}
