import { ConfigResourceTypes, type Admin, type ConfigEntries } from 'kafkajs';
import { TOPICS, type TopicDeclaration } from './topics';

export interface TopicSafety {
  /** Copies of each partition: 3 in production. */
  readonly replicationFactor: number;
  /** Copies that must hold a message before it is acknowledged: 2 in production. */
  readonly minInsyncReplicas: number;
}

/** A topic is missing or not as declared. Nothing is published or read until an operator has put that right. */
export class WrongTopicConfiguration extends Error {
  override readonly name = 'WrongTopicConfiguration';
  constructor(readonly differences: readonly string[]) {
    super(`topics are not as declared: ${differences.join('; ')}`);
  }
}

/** What the brokers say of a topic. */
export interface FoundTopic {
  readonly partitions: number;
  /** Of the partition that has fewest. */
  readonly copies: number;
  readonly entries: readonly ConfigEntries[];
}

/** Something about a topic that is not as declared. */
export interface Difference {
  readonly text: string;
  /** The entry of its configuration that mends it; absent where nothing may: keys would lose their order, or copies. */
  readonly entry?: { readonly name: string; readonly value: string };
}

/** Changes nothing. Throws {@link WrongTopicConfiguration} with everything that is missing or wrong. */
export async function checkTopics(
  admin: Admin,
  safety: TopicSafety,
  topics: readonly TopicDeclaration[] = TOPICS,
): Promise<void> {
  const found = await findTopics(admin, topics);
  const differences = topics.flatMap((topic) => {
    const existing = found.get(topic.name);
    return existing ? differencesOf(topic, existing, safety).map(({ text }) => text) : [`${topic.name} is missing`];
  });
  if (differences.length > 0) throw new WrongTopicConfiguration(differences);
}

/** Those of the topics that exist, by name. */
export async function findTopics(
  admin: Admin,
  topics: readonly TopicDeclaration[],
): Promise<ReadonlyMap<string, FoundTopic>> {
  const existing = new Set(await admin.listTopics());
  const names = topics.map(({ name }) => name).filter((name) => existing.has(name));
  if (names.length === 0) return new Map();
  const { topics: metadata } = await admin.fetchTopicMetadata({ topics: names });
  const { resources } = await admin.describeConfigs({
    includeSynonyms: false,
    resources: names.map((name) => ({ type: ConfigResourceTypes.TOPIC, name })),
  });
  return new Map(
    metadata.map(({ name, partitions }) => {
      const copies = Math.min(...partitions.map(({ replicas }) => replicas.length));
      const entries = resources.find(({ resourceName }) => resourceName === name)?.configEntries ?? [];
      return [name, { partitions: partitions.length, copies, entries }];
    }),
  );
}

/** Everything about an existing topic that is not as declared. */
export function differencesOf(topic: TopicDeclaration, found: FoundTopic, safety: TopicSafety): readonly Difference[] {
  const { name } = topic;
  const config = (key: string): string | undefined =>
    found.entries.find(({ configName }) => configName === key)?.configValue;
  const atLeast = (key: string, least: number): Difference[] =>
    enough(config(key), least)
      ? []
      : [
          {
            text: `${name}: ${key} is ${config(key) ?? 'not set'}, at least ${least} is needed`,
            entry: { name: key, value: String(least) },
          },
        ];
  const say = (holds: boolean, text: string): Difference[] => (holds ? [] : [{ text: `${name}: ${text}` }]);
  const { partitions, copies } = found;
  return [
    ...say(partitions === topic.partitions, `it has ${partitions} partitions, ${topic.partitions} are declared`),
    ...say(
      copies >= safety.replicationFactor,
      `a partition has ${copies} copies, ${safety.replicationFactor} are needed`,
    ),
    ...say(
      config('cleanup.policy') === 'delete',
      `cleanup.policy is ${config('cleanup.policy') ?? 'not set'}, not delete`,
    ),
    ...atLeast('retention.ms', topic.retentionMs),
    ...atLeast('min.insync.replicas', safety.minInsyncReplicas),
    ...atLeast('max.message.bytes', topic.maxMessageBytes),
  ];
}

/** -1 is without a limit. */
function enough(value: string | undefined, least: number): boolean {
  return value !== undefined && (value === '-1' || Number(value) >= least);
}
