/** Declared in the contracts: subscribers need the same names, and no Kafka client to read them. */
export {
  DEAD_LETTERS,
  feedOf,
  feedsOf,
  MAX_RECORD_BYTES,
  PARTITIONS,
  topicOf,
  TOPICS,
  type TopicDeclaration,
} from '@muster/contracts';
