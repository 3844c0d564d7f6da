import { AssignerProtocol, type PartitionAssigner } from 'kafkajs';

const VERSION = 0;

/**
 * Shares out partitions so that one member has a number in all topics: what one key says in several feeds comes to one
 * process, where a parked key is known. All topics have the same number of partitions.
 */
export const coPartitioned: PartitionAssigner = ({ cluster }) => ({
  name: 'MusterCoPartitioned',
  version: VERSION,
  assign: ({ members, topics }) => {
    const memberIds = members.map(({ memberId }) => memberId).sort();
    return Promise.resolve(
      memberIds.map((memberId, index) => {
        const mine = topics.map((topic) => {
          const partitions = cluster.findTopicPartitionMetadata(topic).map(({ partitionId }) => partitionId);
          return [topic, partitions.filter((partition) => partition % memberIds.length === index)] as const;
        });
        const assignment = Object.fromEntries(mine.filter(([, partitions]) => partitions.length > 0));
        const userData = Buffer.alloc(0);
        const memberAssignment = AssignerProtocol.MemberAssignment.encode({ version: VERSION, assignment, userData });
        return { memberId, memberAssignment };
      }),
    );
  },
  protocol: ({ topics }) => ({
    name: 'MusterCoPartitioned',
    metadata: AssignerProtocol.MemberMetadata.encode({ version: VERSION, topics, userData: Buffer.alloc(0) }),
  }),
});
