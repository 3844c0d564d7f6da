import { errorCode } from '@muster/postgres';
import { Client } from 'pg';

/**
 * What is missing of the database: that it answers, and that these views or tables of other services stand (`qualified
 * by their schema`). `null` when nothing is.
 */
export async function missingInDatabase(databaseUrl: string, relations: readonly string[]): Promise<string | null> {
  const { hostname, port } = new URL(databaseUrl);
  const client = new Client({ connectionString: databaseUrl, connectionTimeoutMillis: 3_000 });
  // Heard here: a connection that is lost between two statements would end the process.
  client.on('error', () => undefined);
  try {
    await client.connect();
    const { rows } = await client.query<{ name: string }>(
      'SELECT name FROM unnest($1::text[]) AS name WHERE to_regclass(name) IS NULL ORDER BY name',
      [relations],
    );
    if (rows.length === 0) return null;
    return `${rows.map(({ name }) => name).join(', ')} not there yet: the service that makes it has to start once`;
  } catch (error) {
    const reason = errorCode(error) || 'no answer';
    return `Postgres at ${hostname}:${port || '5432'} does not take connections (${reason})`;
  } finally {
    await client.end().catch(() => undefined);
  }
}
