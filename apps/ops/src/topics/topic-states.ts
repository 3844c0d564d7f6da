import { differencesOf, findTopics, TOPICS, type FoundTopic, type TopicDeclaration } from '@muster/messaging-kafka';
import type { Tool } from '../tool';
import { kafkaAdmin } from './kafka-admin';

/** A declared topic against what the cluster has. */
export interface TopicState {
  readonly topic: string;
  readonly state: 'as declared' | 'missing' | 'wrong';
  readonly partitions: number | null;
  /** Of the partition that has fewest. */
  readonly copies: number | null;
  readonly minInsyncReplicas: number | null;
  readonly retentionDays: number | null;
  readonly differences: readonly string[];
}

const DAY_MS = 24 * 60 * 60 * 1_000;

export async function topicStates(tool: Tool): Promise<readonly TopicState[]> {
  const { topics: safety } = tool.surroundings.environment.kafka;
  const found = await findTopics(await kafkaAdmin(tool), TOPICS);
  return TOPICS.map((topic) => {
    const existing = found.get(topic.name);
    const differences = existing ? differencesOf(topic, existing, safety).map(({ text }) => text) : [];
    return existing ? stateOf(topic, existing, differences) : missing(topic);
  });
}

function missing({ name }: TopicDeclaration): TopicState {
  const nothing = { partitions: null, copies: null, minInsyncReplicas: null, retentionDays: null };
  return { topic: name, state: 'missing', ...nothing, differences: [`${name} is missing`] };
}

function stateOf({ name }: TopicDeclaration, found: FoundTopic, differences: readonly string[]): TopicState {
  const entry = (key: string): number =>
    Number(found.entries.find(({ configName }) => configName === key)?.configValue ?? Number.NaN);
  return {
    topic: name,
    state: differences.length === 0 ? 'as declared' : 'wrong',
    partitions: found.partitions,
    copies: found.copies,
    minInsyncReplicas: entry('min.insync.replicas'),
    retentionDays: entry('retention.ms') / DAY_MS,
    differences,
  };
}
