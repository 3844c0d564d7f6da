/**
 * A peer: Fastify alone, that asks the same of the database as one request of Muster did, and answers with the same
 * body, serialised anew. Started with a `BareTask` as its argument.
 */
import { createPool } from '@muster/postgres';
import fastify from 'fastify';
import type { Recording } from './recorder';

export interface BareTask {
  readonly port: number;
  readonly databaseUrl: string;
  readonly recording: Recording;
  readonly body: unknown;
}

async function serve({ port, databaseUrl, recording, body }: BareTask): Promise<void> {
  const url = new URL(databaseUrl);
  url.searchParams.set('options', recording.options);
  const pool = createPool({ connectionString: url.href });
  const app = fastify();
  app.get('/page', async () => {
    for (const { text, values } of recording.statements) await pool.query(text, [...values]);
    return body;
  });
  process.once('SIGTERM', () => process.exit(0));
  await app.listen({ port, host: '127.0.0.1' });
}

serve(JSON.parse(process.argv[2] ?? '') as BareTask).catch((error: unknown) => {
  process.stderr.write(`${String(error)}\n`);
  process.exit(1);
});
