import fc from 'fast-check';
import { Partitioners } from 'kafkajs';
import { partitionOf } from './partition-of';

it('puts a key where every other Kafka client looks for it', () => {
  const theirs = Partitioners.DefaultPartitioner();
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 80 }), fc.integer({ min: 1, max: 50 }), (bytes, partitions) => {
      const partitionMetadata = Array.from({ length: partitions }, (_, partitionId) => ({
        partitionErrorCode: 0,
        partitionId,
        leader: 1,
        replicas: [1],
        isr: [1],
      }));
      const message = { key: Buffer.from(bytes), value: '' };
      expect(partitionOf(bytes, partitions)).toBe(theirs({ topic: 't', partitionMetadata, message }));
    }),
    { numRuns: 2_000 },
  );
});
