import { randomUUID } from 'node:crypto';
import type { Consumer, EachBatchPayload, Kafka, KafkaMessage } from 'kafkajs';

const MAX_WAIT_MS = 100;

/**
 * Hands over every message that the topic holds at this moment, in order per partition, and ends. kafkajs reads in groups
 * only: it takes one of its own, which is removed again and commits nothing.
 */
export async function readTopic(
  kafka: Kafka,
  topic: string,
  onMessage: (partition: number, message: KafkaMessage) => void,
): Promise<void> {
  const groupId = `muster-ops-${randomUUID()}`;
  const admin = kafka.admin({ retry: { retries: 2 } });
  await admin.connect();
  try {
    const ends = new Map<number, bigint>();
    for (const { partition, low, high } of await admin.fetchTopicOffsets(topic)) {
      if (BigInt(high) > BigInt(low)) ends.set(partition, BigInt(high));
    }
    if (ends.size === 0) return;
    const client = kafka.consumer({ groupId, allowAutoTopicCreation: false, maxWaitTimeInMs: MAX_WAIT_MS });
    try {
      await readTo(client, topic, ends, onMessage);
    } finally {
      await client.disconnect().catch(() => undefined);
      // One that stays behind expires by itself.
      await admin.deleteGroups([groupId]).catch(() => undefined);
    }
  } finally {
    await admin.disconnect().catch(() => undefined);
  }
}

async function readTo(
  client: Consumer,
  topic: string,
  ends: Map<number, bigint>,
  onMessage: (partition: number, message: KafkaMessage) => void,
): Promise<void> {
  await client.connect();
  await client.subscribe({ topics: [topic], fromBeginning: true });
  await new Promise<void>((done, failed) => {
    // Also of a batch in which there are only marks of transactions, which no handler is given.
    client.on(client.events.END_BATCH_PROCESS, ({ payload: { partition, lastOffset } }) => {
      const end = ends.get(partition);
      if (end !== undefined && BigInt(lastOffset) + 1n >= end) ends.delete(partition);
      if (ends.size === 0) done();
    });
    client.on(client.events.CRASH, ({ payload: { error, restart } }) => {
      if (!restart) failed(error);
    });
    const eachBatch = ({ batch }: EachBatchPayload): Promise<void> => {
      const end = ends.get(batch.partition);
      for (const message of batch.messages) {
        if (end !== undefined && BigInt(message.offset) < end) onMessage(batch.partition, message);
      }
      return Promise.resolve();
    };
    client.run({ autoCommit: false, eachBatch }).catch(failed);
  });
}
