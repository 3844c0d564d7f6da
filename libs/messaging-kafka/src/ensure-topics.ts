import { ConfigResourceTypes, type Admin } from 'kafkajs';
import { TOPICS, type TopicDeclaration } from './topics';

export interface TopicSafety {
  /** Copies of each partition: 3 in production. */
  readonly replicationFactor: number;
  /** Copies that must hold a message before it is acknowledged: 2 in production. */
  readonly minInsyncReplicas: number;
}

/** A topic is not as declared. It is not changed by itself: with other partitions keys would lose their order. */
export class WrongTopicConfiguration extends Error {
  override readonly name = 'WrongTopicConfiguration';
  constructor(readonly differences: readonly string[]) {
    super(`topics are not as declared: ${differences.join('; ')}`);
  }
}

/** Creates the topics that are missing. Throws {@link WrongTopicConfiguration} with everything that is wrong. */
export async function ensureTopics(
  admin: Admin,
  safety: TopicSafety,
  topics: readonly TopicDeclaration[] = TOPICS,
): Promise<void> {
  const existing = new Set(await admin.listTopics());
  for (const topic of topics) if (!existing.has(topic.name)) await create(admin, topic, safety);
  const differences = await differencesOf(admin, topics, safety);
  if (differences.length > 0) throw new WrongTopicConfiguration(differences);
}

/** Answers nothing where another process was faster: what it made is looked at as any other. */
async function create(admin: Admin, topic: TopicDeclaration, safety: TopicSafety): Promise<void> {
  const { name, partitions, retentionMs, maxMessageBytes } = topic;
  await admin.createTopics({
    waitForLeaders: true,
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

async function differencesOf(
  admin: Admin,
  topics: readonly TopicDeclaration[],
  safety: TopicSafety,
): Promise<readonly string[]> {
  const names = topics.map(({ name }) => name);
  const { topics: metadata } = await admin.fetchTopicMetadata({ topics: names });
  const { resources } = await admin.describeConfigs({
    includeSynonyms: false,
    resources: names.map((name) => ({ type: ConfigResourceTypes.TOPIC, name })),
  });
  return topics.flatMap((topic) => {
    const { name } = topic;
    const partitions = metadata.find((found) => found.name === name)?.partitions ?? [];
    const entries = resources.find((found) => found.resourceName === name)?.configEntries ?? [];
    const config = (key: string): string | undefined =>
      entries.find(({ configName }) => configName === key)?.configValue;
    const atLeast = (key: string, least: number): string[] =>
      enough(config(key), least) ? [] : [`${name}: ${key} is ${config(key) ?? 'not set'}, at least ${least} is needed`];
    const copies = Math.min(...partitions.map(({ replicas }) => replicas.length));
    return [
      ...(partitions.length === topic.partitions
        ? []
        : [`${name}: it has ${partitions.length} partitions, ${topic.partitions} are declared`]),
      ...(copies >= safety.replicationFactor
        ? []
        : [`${name}: a partition has ${copies} copies, ${safety.replicationFactor} are needed`]),
      ...(config('cleanup.policy') === 'delete'
        ? []
        : [`${name}: cleanup.policy is ${config('cleanup.policy') ?? 'not set'}, not delete`]),
      ...atLeast('retention.ms', topic.retentionMs),
      ...atLeast('min.insync.replicas', safety.minInsyncReplicas),
      ...atLeast('max.message.bytes', topic.maxMessageBytes),
    ];
  });
}

/** -1 is without a limit. */
function enough(value: string | undefined, least: number): boolean {
  return value !== undefined && (value === '-1' || Number(value) >= least);
}
