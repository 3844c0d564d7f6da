import { ConfigResourceTypes, KafkaJSError, type Admin } from 'kafkajs';
import { setTimeout as sleep } from 'node:timers/promises';
import {
  checkTopics,
  differencesOf,
  findTopics,
  WrongTopicConfiguration,
  type Difference,
  type FoundTopic,
  type TopicSafety,
} from './check-topics';
import { TOPICS, type TopicDeclaration } from './topics';

/** What {@link applyTopics} did, for people. */
export interface AppliedTopics {
  /** Names of the topics that were missing. */
  readonly created: readonly string[];
  /** What was not as declared and is now, topic by topic. */
  readonly mended: readonly string[];
}

/** Where a setting of the topic itself comes from, as opposed to a default; the client exports only its type. */
const SET_ON_TOPIC = 1;
const TRY_AGAIN_MS = 100;
const TRIES = 100;

/**
 * Makes topics as they are declared: creates those that are missing and mends retention, copies in sync and the size of
 * messages. Before it does anything it throws {@link WrongTopicConfiguration} where a topic is wrong in what must not be
 * changed: with other partitions keys would lose their order, and who compacts a topic has a reason to be asked for.
 */
export async function applyTopics(
  admin: Admin,
  safety: TopicSafety,
  topics: readonly TopicDeclaration[] = TOPICS,
): Promise<AppliedTopics> {
  const found = await findTopics(admin, topics);
  const differences = new Map(
    topics.map((topic) => {
      const existing = found.get(topic.name);
      return [topic, existing ? differencesOf(topic, existing, safety) : []];
    }),
  );
  const fixed = [...differences.values()].flat().filter(({ entry }) => entry === undefined);
  if (fixed.length > 0) throw new WrongTopicConfiguration(fixed.map(({ text }) => text));
  const missing = topics.filter(({ name }) => !found.has(name));
  for (const topic of missing) await create(admin, topic, safety);
  for (const [{ name }, wrong] of differences) if (wrong.length > 0) await mend(admin, name, found.get(name)!, wrong);
  await appeared(() => checkTopics(admin, safety, topics));
  const mended = [...differences.values()].flat().map(({ text }) => text);
  return { created: missing.map(({ name }) => name), mended };
}

/** What was acknowledged is seen a moment later, by one broker after the other. */
async function appeared(check: () => Promise<void>): Promise<void> {
  for (let tries = TRIES; ; tries--) {
    try {
      await check();
      return;
    } catch (error) {
      const passing = error instanceof WrongTopicConfiguration || error instanceof KafkaJSError;
      if (!passing || tries <= 1) throw error;
      await sleep(TRY_AGAIN_MS);
    }
  }
}

/** Answers nothing where another process was faster: what it made is looked at as any other. */
async function create(admin: Admin, topic: TopicDeclaration, safety: TopicSafety): Promise<void> {
  const { name, partitions, retentionMs, maxMessageBytes } = topic;
  await admin.createTopics({
    waitForLeaders: false,
    topics: [
      {
        topic: name,
        numPartitions: partitions,
        replicationFactor: safety.replicationFactor,
        configEntries: [
          { name: 'cleanup.policy', value: 'delete' },
          { name: 'retention.ms', value: String(retentionMs) },
          { name: 'min.insync.replicas', value: String(safety.minInsyncReplicas) },
          { name: 'max.message.bytes', value: String(maxMessageBytes) },
        ],
      },
    ],
  });
}

/** The request replaces everything that is set on the topic: what else stands there goes along. */
async function mend(admin: Admin, name: string, found: FoundTopic, wrong: readonly Difference[]): Promise<void> {
  const isSet = ({ configSource: source }: { readonly configSource: number }): boolean => source === SET_ON_TOPIC;
  const set = found.entries.filter(isSet);
  const entries = new Map(set.map(({ configName, configValue }) => [configName, configValue]));
  for (const { entry } of wrong) if (entry) entries.set(entry.name, entry.value);
  const configEntries = [...entries].map(([key, value]) => ({ name: key, value }));
  await admin.alterConfigs({
    validateOnly: false,
    resources: [{ type: ConfigResourceTypes.TOPIC, name, configEntries }],
  });
}
