export { kafkaForTests, startKafka, type TestKafka } from './test-kafka';
