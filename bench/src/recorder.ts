/** In a measured process: what one request asks of the database. */
import { Client } from 'pg';

/** A statement with what was bound to it. */
export interface Statement {
  readonly text: string;
  readonly values: readonly unknown[];
}

export interface Recording {
  /** Startup options of the connection: role and search path. */
  readonly options: string;
  readonly statements: readonly Statement[];
}

type Query = (this: Client, ...args: unknown[]) => unknown;

/** Records the statements of all connections whose startup options hold `marker`, until the returned function is called. */
export function record(marker: string): () => Recording {
  const prototype = Client.prototype as unknown as { query: Query };
  const { query } = prototype;
  const statements: Statement[] = [];
  let options = '';
  prototype.query = function (...args) {
    const own = optionsOf(this);
    const [text, values] = args;
    if (own.includes(marker) && typeof text === 'string') {
      options = own;
      statements.push({ text, values: Array.isArray(values) ? (values as unknown[]) : [] });
    }
    return query.apply(this, args);
  };
  return () => {
    prototype.query = query;
    return { options, statements };
  };
}

function optionsOf(client: Client): string {
  const { connectionParameters } = client as Client & { connectionParameters?: { options?: string } };
  return connectionParameters?.options ?? '';
}
