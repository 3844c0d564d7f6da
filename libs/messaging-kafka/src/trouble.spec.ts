import {
  KafkaJSConnectionError,
  KafkaJSNonRetriableError,
  KafkaJSNumberOfRetriesExceeded,
  KafkaJSProtocolError,
} from 'kafkajs';
import { WrongTopicConfiguration } from './check-topics';
import { passes } from './failures';
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
      after(Object.assign(new KafkaJSProtocolError('no'), { type: 'UNSUPPORTED_SASL_MECHANISM' })),
      'Kafka at one:9092, two:9092 refuses KAFKA_SASL_MECHANISM: it does not offer that',
    ],
    [
      'it hangs up',
      after(Object.assign(new KafkaJSConnectionError('Closed connection'), { name: 'KafkaJSConnectionClosedError' })),
      'Kafka at one:9092, two:9092 closes the connection: it may want encryption (KAFKA_SSL) or a user (KAFKA_SASL_MECHANISM)',
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

describe('a failure', () => {
  it.each([
    ['a user who is refused', refused('SASL PLAIN authentication failed')],
    [
      'a mechanism that is not offered',
      Object.assign(new KafkaJSProtocolError('no'), { type: 'UNSUPPORTED_SASL_MECHANISM' }),
    ],
    ['a right that is missing', Object.assign(new KafkaJSProtocolError('no'), { type: 'GROUP_AUTHORIZATION_FAILED' })],
    ['topics that are missing', new WrongTopicConfiguration(['a is missing'])],
  ])('passes when an operator has put it in order: %s', (_, error) => {
    expect(passes(after(error))).toBe(true);
    expect(passes(error)).toBe(true);
  });

  it.each([
    ['a message that is too large', Object.assign(new KafkaJSProtocolError('no'), { type: 'MESSAGE_TOO_LARGE' })],
    ['a version that is not spoken', Object.assign(new KafkaJSProtocolError('no'), { type: 'UNSUPPORTED_VERSION' })],
    ['a mistake of ours', new TypeError('undefined is not a function')],
  ])('does not pass where nothing but another program helps: %s', (_, error) => {
    expect(passes(error)).toBe(false);
  });
});
