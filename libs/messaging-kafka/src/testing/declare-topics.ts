import { applyTopics } from '../apply-topics';
import type { TopicSafety } from '../check-topics';
import { createKafka } from '../client/create-kafka';
import type { TestKafka } from './test-kafka';

/** One broker holds one copy. */
export const TEST_TOPICS: TopicSafety = { replicationFactor: 1, minInsyncReplicas: 1 };

/** What an operator does with `muster-ops topics apply` before anything else. */
export async function declareTopics({ brokers }: Pick<TestKafka, 'brokers'>): Promise<void> {
  const admin = createKafka({ brokers }).admin();
  await admin.connect();
  try {
    await applyTopics(admin, TEST_TOPICS);
  } finally {
    await admin.disconnect();
  }
}
