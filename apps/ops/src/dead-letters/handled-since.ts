import type { FoundLetter } from '@muster/messaging-kafka';
import type { Tool } from '../tool';

const ID = /^(.+)\/(\d+)\/(\d+)$/;

/**
 * Why the consumer would pass the message over: it has handled a later event of the same stream since, and takes what comes
 * before that for a repeat. Known of consumers that keep an inbox; the marks of others are in the streams they write.
 */
export async function handledSince({ surroundings }: Tool, letter: FoundLetter): Promise<string | undefined> {
  const [, stream, revision, n] = ID.exec(eventIdOf(letter)) ?? [];
  if (stream === undefined) return undefined;
  for (const [table, column] of [
    ['consumer_inbox', 'stream'],
    ['inbox', 'source_stream'],
  ] as const) {
    for (const context of await surroundings.contextsWith(table)) {
      const { rows } = await surroundings
        .pool(context)
        .query<{ revision: string }>(
          `SELECT revision FROM ${table} WHERE consumer = $1 AND ${column} = $2 AND (revision, n) >= ($3, $4)`,
          [letter.consumer, stream, Number(revision), Number(n)],
        );
      const [row] = rows;
      if (row)
        return `${letter.consumer} has handled revision ${row.revision} of ${stream} since, this one is ${String(revision)}`;
    }
  }
  return undefined;
}

function eventIdOf({ message }: FoundLetter): string {
  try {
    const event: unknown = JSON.parse(message.value?.toString() ?? '');
    return typeof event === 'object' && event !== null && 'id' in event && typeof event.id === 'string' ? event.id : '';
  } catch {
    return '';
  }
}
