import { SERVICE_CONTEXTS } from '@muster/platform/config';
import { kafkaAdmin } from '../topics/kafka-admin';
import type { Tool } from '../tool';

/** How far a consumer of ours is in one topic, by the offsets that its group has committed. */
export interface GroupState {
  readonly kind: 'group';
  /** `<consumer> <topic>`. */
  readonly name: string;
  /** Messages to handle; marks of transactions count until they are passed. */
  readonly lagMessages: number;
}

/** Consumers are groups named after themselves, `<context>.<name>`. */
export async function groupStates(tool: Tool): Promise<readonly GroupState[]> {
  const admin = await kafkaAdmin(tool);
  const { groups } = await admin.listGroups();
  const ours = groups.map(({ groupId }) => groupId).filter(isOurs);
  const ends = new Map<string, ReadonlyMap<number, { readonly low: bigint; readonly high: bigint }>>();
  const states: GroupState[] = [];
  for (const groupId of ours.sort()) {
    for (const { topic, partitions } of await admin.fetchOffsets({ groupId })) {
      if (!ends.has(topic)) ends.set(topic, await endsOf(admin, topic));
      const lag = partitions.reduce((sum, { partition, offset }) => {
        const end = ends.get(topic)?.get(partition);
        if (!end) return sum;
        const next = BigInt(offset) < end.low ? end.low : BigInt(offset);
        return sum + (end.high > next ? end.high - next : 0n);
      }, 0n);
      states.push({ kind: 'group', name: `${groupId} ${topic}`, lagMessages: Number(lag) });
    }
  }
  return states;
}

function isOurs(groupId: string): boolean {
  return SERVICE_CONTEXTS.some((context) => groupId.startsWith(`${context}.`));
}

async function endsOf(admin: Awaited<ReturnType<typeof kafkaAdmin>>, topic: string) {
  const offsets = await admin.fetchTopicOffsets(topic);
  return new Map(offsets.map(({ partition, low, high }) => [partition, { low: BigInt(low), high: BigInt(high) }]));
}
