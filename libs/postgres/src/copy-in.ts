import { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import type { ClientBase } from 'pg';
import { from } from 'pg-copy-streams';

/**
 * Runs `COPY table (...) FROM STDIN ...` and feeds it from `source`, reading no further ahead than the socket takes.
 * Returns the rows copied. An error in `source` ends the COPY without effect and is thrown; the client stays usable.
 */
export async function copyIn(client: ClientBase, sql: string, source: AsyncIterable<Buffer>): Promise<number> {
  const sink = client.query(from(sql));
  await pipeline(Readable.from(source, { objectMode: true, highWaterMark: 2 }), sink);
  return sink.rowCount;
}
