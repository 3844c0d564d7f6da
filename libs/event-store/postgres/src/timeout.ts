import type { QueryConfig } from 'pg';

/** pg gives up on the statement, and closes its connection, after this time; its types do not know the option. */
export function withTimeout(query: QueryConfig, ms: number): QueryConfig {
  return Object.assign(query, { query_timeout: ms });
}
