import { randomUUID } from 'node:crypto';
import { WrongExpectedRevision } from '@muster/event-store';
import type { Appends } from './appends';
import type { Reads } from './reads';

/** Metadata of a stream that has no events: it stands in no category, and no reader of the log sees it. */
const STREAM = '$$musterLog';

/** Names this log; whoever opens it first chooses the name. */
export async function storeIdOf(reads: Reads, appends: Appends): Promise<string> {
  const known = await find(reads);
  if (known !== undefined) return known;
  const storeId = randomUUID();
  try {
    await appends.append({ stream: STREAM, expected: 'noStream', ...metadata(storeId) });
    return storeId;
  } catch (error) {
    if (!(error instanceof WrongExpectedRevision)) throw error;
    const chosen = await find(reads);
    if (chosen === undefined) throw error;
    return chosen;
  }
}

async function find(reads: Reads): Promise<string | undefined> {
  for await (const { data } of reads.stream(STREAM, { direction: 'backwards', limit: 1 })) {
    const { storeId } = data as { storeId?: unknown };
    if (typeof storeId !== 'string') throw new Error(`${STREAM} names no log: it was not made by Muster`);
    return storeId;
  }
  return undefined;
}

function metadata(storeId: string) {
  const data = Buffer.from(JSON.stringify({ storeId }), 'utf8');
  return { events: [{ id: randomUUID(), type: '$metadata', data, metadata: Buffer.from('{}') }], bytes: data.length };
}
