import { PostgresConsumerStorage, type ParkedEvent } from '@muster/messaging';
import { WrongUsage } from '../failures';
import type { Tool } from '../tool';
import { PARKED_WORK, parkedWork } from './parked-work';

/** Something that waits for an operator, and what waits behind it. */
export interface ParkedEntry {
  /** A consumer, or `audiences.worker`. */
  readonly consumer: string;
  /** Of a consumer the key of its feed; of the worker `<campaign>/<source stream>`. */
  readonly key: string;
  readonly events: number;
  readonly attempts: number;
  readonly reason: string;
  readonly since: Date | null;
  /** When it is tried again by itself or because somebody asked. */
  readonly retryAt: Date | 'asked' | null;
}

export async function parkedEntries(tool: Tool): Promise<readonly ParkedEntry[]> {
  const entries: ParkedEntry[] = [];
  for (const context of await tool.surroundings.contextsWith('parked_event')) {
    const { rows } = await tool.surroundings.pool(context).query<ParkedEntry & { readonly asked: boolean }>(
      `SELECT consumer, key, count(*)::integer AS events, max(attempts) AS attempts, min(parked_at) AS since,
         (array_agg(error ORDER BY sequence) FILTER (WHERE error IS NOT NULL))[1] AS reason, bool_or(retry) AS asked
       FROM parked_event GROUP BY consumer, key ORDER BY consumer, key`,
    );
    entries.push(...rows.map(({ asked, ...row }) => ({ ...row, retryAt: asked ? ('asked' as const) : null })));
  }
  for (const { campaignId, sourceStream, attempts, reason, retryAt, rows } of await parkedWork(tool)) {
    const key = `${campaignId}/${sourceStream}`;
    entries.push({ consumer: PARKED_WORK, key, events: rows, attempts, reason, since: null, retryAt });
  }
  return entries;
}

/** The entry of this consumer and key. Throws with those there are. */
export async function findParked(tool: Tool, consumer: string, key: string): Promise<ParkedEntry> {
  const known = await parkedEntries(tool);
  const found = known.find((entry) => entry.consumer === consumer && entry.key === key);
  if (found) return found;
  const ofConsumer = known.filter((entry) => entry.consumer === consumer);
  if (ofConsumer.length > 0) {
    throw new WrongUsage(
      `${consumer} has set aside no key ${key}; it has: ${ofConsumer.map((entry) => entry.key).join(', ')}`,
    );
  }
  const names = [...new Set(known.map((entry) => entry.consumer))].join(', ');
  throw new WrongUsage(
    known.length === 0 ? 'nothing is set aside' : `${consumer} has set nothing aside; those that have: ${names}`,
  );
}

/** What a consumer (`<context>.<name>`) has set aside, in its context's schema. */
export async function storageOf(tool: Tool, consumer: string): Promise<PostgresConsumerStorage> {
  const contexts = await tool.surroundings.contextsWith('parked_event');
  const context = contexts.find((each) => consumer.startsWith(`${each}.`));
  if (!context)
    throw new WrongUsage(`${consumer} is no consumer: it must be <context>.<name>, of ${contexts.join(', ')}`);
  return new PostgresConsumerStorage(tool.surroundings.pool(context));
}

export async function parkedEvents(tool: Tool, consumer: string, key: string): Promise<readonly ParkedEvent[]> {
  return (await storageOf(tool, consumer)).parked(consumer, key);
}
