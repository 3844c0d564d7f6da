import { topicOf } from '@muster/contracts';
import type { MusterEvent } from '@muster/contracts/registry';
import { eventCheck, isMusterEvent } from '@muster/contracts/validation';
import { Kafka, logLevel, type EachBatchPayload, type KafkaMessage } from 'kafkajs';
import type { Pool } from 'pg';
import { Batch, TABLES } from './memberships';
import { readZstd } from './zstd';

export interface SubscriberOptions {
  readonly brokers: readonly string[];
  /** Members of one group share the partitions. */
  readonly groupId: string;
  readonly pool: Pool;
  readonly log?: logLevel;
  readonly onBatch?: (partition: number, read: number, had: number) => void;
  /** It reads no more and does not start again by itself: end the process, and let its supervisor start it anew. */
  readonly onCrash: (error: Error) => void;
}

const TOPIC = topicOf('audiences', 'profiles');

/** Keeps the table `member` as the profile feed says, each event once, until it is stopped. */
export async function subscribe(options: SubscriberOptions): Promise<() => Promise<void>> {
  const { brokers, groupId, pool, log = logLevel.WARN, onBatch, onCrash } = options;
  readZstd();
  await pool.query(TABLES);
  const kafka = new Kafka({ clientId: groupId, brokers: [...brokers], logLevel: log });
  // Uncommitted records (of a relay that was cut off) are not shown: that is the default of kafkajs, not of every client.
  const consumer = kafka.consumer({ groupId, readUncommitted: false, maxWaitTimeInMs: 1_000 });
  consumer.on(consumer.events.CRASH, ({ payload: { error, restart } }) => {
    if (!restart) onCrash(error);
  });
  await consumer.connect();
  await consumer.subscribe({ topics: [TOPIC], fromBeginning: true });
  await consumer.run({
    // The offset is committed after the effect: a crash between them delivers again, and the marks tell it.
    eachBatch: async ({ batch: { messages, partition } }: EachBatchPayload) => {
      let had = 0;
      await Batch.write(pool, TOPIC, partition, (batch) => {
        for (const message of messages) had += apply(message, batch) ? 0 : 1;
      });
      onBatch?.(partition, messages.length, had);
    },
  });
  return () => consumer.disconnect();
}

/** Answers whether the message was new. */
function apply({ value, offset }: KafkaMessage, batch: Batch): boolean {
  const event = parsed(value);
  if (!isMusterEvent(event)) {
    setAside(event, offset, batch);
    return true;
  }
  if (!batch.isNew(event.id)) return false;
  effectOf(event, batch);
  return true;
}

function effectOf(event: MusterEvent, batch: Batch): void {
  switch (event.type) {
    case 'muster.audiences.ProfileEnteredCampaign.v1':
    case 'muster.audiences.ProfileGroupChanged.v1': {
      const { campaignId: campaign, databaseId: database, profile, externalId = null, group } = event.data;
      batch.put({ campaign, database, profile, externalId, group });
      break;
    }
    case 'muster.audiences.ProfileLeftCampaign.v1': {
      const { campaignId: campaign, databaseId: database, profile, externalId = null } = event.data;
      batch.put({ campaign, database, profile, externalId, group: null });
      break;
    }
    // Other types of the topic are none of ours, today's and those to come.
  }
}

function parsed(value: Buffer | null): unknown {
  try {
    return JSON.parse(new TextDecoder('utf-8', { fatal: true }).decode(value ?? Buffer.alloc(0)));
  } catch {
    return undefined;
  }
}

/** A type that this program does not know passes by; what claims a type that it knows, and is not so, is kept to be looked at. */
function setAside(event: unknown, offset: string, batch: Batch): void {
  if (typeof event !== 'object' || event === null || !('type' in event) || typeof event.type !== 'string') {
    batch.setAside(offset, 'it is no event');
    return;
  }
  if (!OURS.includes(event.type)) return;
  batch.setAside(offset, eventCheck(event as MusterEvent) ?? 'it is not valid');
}

const OURS: readonly string[] = [
  'muster.audiences.ProfileEnteredCampaign.v1',
  'muster.audiences.ProfileGroupChanged.v1',
  'muster.audiences.ProfileLeftCampaign.v1',
] satisfies readonly MusterEvent['type'][];
