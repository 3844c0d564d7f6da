import type { OutgoingEvent, SourceReference } from '@muster/contracts';
import type { Mark } from '@muster/kernel';
import type { Queryable } from '@muster/postgres';

/**
 * For consumers that write Postgres: true the first time, false for a repeat. Call it in the transaction of the effect;
 * whoever takes the same source stream at the same time waits for its end. The table is in `CONSUMER_DDL`.
 */
export async function inboxOnce(client: Queryable, consumer: string, source: SourceReference): Promise<boolean> {
  const { rowCount } = await client.query(
    `INSERT INTO consumer_inbox AS seen (consumer, stream, revision, n) VALUES ($1, $2, $3, $4)
     ON CONFLICT (consumer, stream) DO UPDATE SET revision = excluded.revision, n = excluded.n
     WHERE (seen.revision, seen.n) < (excluded.revision, excluded.n)`,
    [consumer, source.stream, source.revision, source.n],
  );
  return rowCount === 1;
}

/**
 * For consumers that command an aggregate: the mark of the `n`-th append (from 0) that this delivery leads to; `last`
 * says that none follows. A stored event that became several integration events is told apart by them: use another
 * consumer name where two of them lead to appends on one stream.
 */
export function followUpMark(consumer: string, delivery: OutgoingEvent, n = 0, last = true): Mark {
  const { stream, revision } = delivery.sourceReference;
  return { kind: 'follow-up', consumer, source: { stream, revision, n, last } };
}
