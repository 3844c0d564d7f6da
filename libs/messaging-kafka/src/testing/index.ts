export { declareTopics, TEST_TOPICS } from './declare-topics';
export { kafkaForTests, startKafka, type TestKafka } from './test-kafka';
