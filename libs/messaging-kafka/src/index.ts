export { applyTopics, type AppliedTopics } from './apply-topics';
export {
  checkTopics,
  differencesOf,
  findTopics,
  WrongTopicConfiguration,
  type FoundTopic,
  type TopicSafety,
} from './check-topics';
export { createKafka, type KafkaConnection } from './client/create-kafka';
export { DeadLetterBox, type FoundLetter, type LetterOutcome } from './dead-letter-box';
export type { GroupTimes } from './group-surroundings';
export { KafkaBus, type KafkaBusOptions } from './kafka-bus';
export { partitionOf } from './partition-of';
export { profileMessages, type ExternalIds } from './profile-feed';
export type { EventCheck } from './read-message';
export type { RelayStep } from './publishing';
export { DEAD_LETTERS, topicOf, TOPICS, type TopicDeclaration } from './topics';
export { TransactionalProducer } from './transactional-producer';
export { troubleOf } from './trouble';
