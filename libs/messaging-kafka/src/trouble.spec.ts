import {
  KafkaJSConnectionError,
  KafkaJSNonRetriableError,
  KafkaJSNumberOfRetriesExceeded,
  KafkaJSProtocolError,
} from 'kafkajs';
import { WrongTopicConfiguration } from './check-topics';
import { troubleOf } from './trouble';

/** As the client makes them, whose types know no text for them. */
const refused = (text: string) =>
  Object.assign(new KafkaJSNonRetriableError(text), { name: 'KafkaJSSASLAuthenticationError' });
const brokers = ['one:9092', 'two:9092'];
const after = (error: Error) => new KafkaJSNumberOfRetriesExceeded(error, { retryCount: 2, retryTime: 600 });

describe('why Kafka cannot be used', () => {
  it.each([
    [
      'it is away',
      after(new KafkaJSConnectionError('Connection error', { broker: 'one:9092', code: 'ECONNREFUSED' })),
      'Kafka at one:9092, two:9092 does not answer (ECONNREFUSED)',
    ],
    ['it is silent', new Error('no answer in time'), 'Kafka at one:9092, two:9092 does not answer (no answer)'],
    [
      'the password is wrong',
      after(refused('SASL PLAIN authentication failed: sesame')),
      'Kafka at one:9092, two:9092 refuses KAFKA_USERNAME and KAFKA_PASSWORD',
    ],
    [
      'it knows no such mechanism',
      refused('SASL SCRAM-SHA-512 mechanism is not supported by the server'),
      'Kafka at one:9092, two:9092 refuses KAFKA_SASL_MECHANISM: the broker does not offer it',
    ],
    [
      'a right is missing',
      after(Object.assign(new KafkaJSProtocolError('Not authorized'), { type: 'TOPIC_AUTHORIZATION_FAILED' })),
      'Kafka at one:9092, two:9092 refuses this user what it needs (TOPIC_AUTHORIZATION_FAILED)',
    ],
    [
      'topics are wrong',
      new WrongTopicConfiguration(['a is missing', 'b: it has 3 partitions, 12 are declared']),
      'topics are not as declared: a is missing; b: it has 3 partitions, 12 are declared: run `muster-ops topics apply`',
    ],
  ])('is told where %s', (_, error, expected) => {
    expect(troubleOf(error, brokers)).toBe(expected);
  });
});
