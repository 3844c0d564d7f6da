import { verifyAudience as verifyRecord, type VerifiedBatch } from '@muster/audiences-domain';
import { audienceEvents, type AudienceEvent } from '@muster/audiences-events';
import { NOTED, type EventStore } from '@muster/event-store';
import { WrongUsage } from '../failures';
import type { Column } from '../output';
import type { Tool, Verdict } from '../tool';

const COLUMNS: readonly Column<VerifiedBatch>[] = [
  { title: 'EPOCH', value: ({ epoch }) => epoch },
  { title: 'BATCH', value: ({ kind, buildId, segmentRevision }) => `${kind} ${buildId ?? String(segmentRevision)}` },
  { title: 'ENTERED', value: ({ entered }) => entered },
  { title: 'CONTROL', value: ({ control }) => control },
  { title: 'DIFFERING', value: ({ differing }) => differing },
];

/** Assigns every batch of an audience again, from its recorded seed, and compares with what is recorded. */
export async function verifyAudience(tool: Tool, campaignId: string, json = false): Promise<Verdict> {
  const batches = await verifyRecord(record(await tool.surroundings.store(), campaignId));
  tool.output.listing(batches, COLUMNS, 'Nobody has entered the audience yet.', json);
  return batches.every(({ agrees }) => agrees) ? 'ok' : 'problem';
}

async function* record(store: EventStore, campaignId: string): AsyncGenerator<AudienceEvent> {
  let exists = false;
  for await (const stored of store.readStream(audienceEvents.stream(campaignId))) {
    exists = true;
    if (stored.type !== NOTED) yield audienceEvents.read(stored);
  }
  if (!exists)
    throw new WrongUsage(`the campaign ${campaignId} has no audience: it must be the id of one that was activated`);
}
