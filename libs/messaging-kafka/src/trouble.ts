import { KafkaJSError } from 'kafkajs';
import { WrongTopicConfiguration } from './check-topics';

/** Why Kafka cannot be used, told for people: without secrets, and so that what is to be done can be seen. */
export function troubleOf(error: unknown, brokers: readonly string[]): string {
  const where = `Kafka at ${brokers.join(', ')}`;
  if (error instanceof WrongTopicConfiguration) {
    return `${error.message}: run \`muster-ops topics apply\``;
  }
  const chain = causesOf(error);
  const type = chain.map(textOf('type')).find((text) => text !== '') ?? '';
  // The broker's own words name no password, but nobody promises that: only the kind is passed on.
  if (type === 'UNSUPPORTED_SASL_MECHANISM') return `${where} refuses KAFKA_SASL_MECHANISM: it does not offer that`;
  if (chain.some(({ name }) => name === 'KafkaJSSASLAuthenticationError')) {
    return `${where} refuses KAFKA_USERNAME and KAFKA_PASSWORD`;
  }
  if (type.includes('AUTHORIZATION_FAILED')) return `${where} refuses this user what it needs (${type})`;
  if (chain.some(({ name }) => name === 'KafkaJSConnectionClosedError')) {
    return `${where} closes the connection: it may want encryption (KAFKA_SSL) or a user (KAFKA_SASL_MECHANISM)`;
  }
  const code = chain.map(textOf('code')).find((text) => text !== '') ?? (type || 'no answer');
  return `${where} does not answer (${code})`;
}

function causesOf(error: unknown): Error[] {
  const chain: Error[] = [];
  for (let at = error; at instanceof Error && !chain.includes(at); at = at.cause) chain.push(at);
  return chain;
}

function textOf(name: 'type' | 'code'): (error: Error) => string {
  return (error) => {
    const value: unknown = error instanceof KafkaJSError || 'code' in error ? Reflect.get(error, name) : undefined;
    return typeof value === 'string' ? value : '';
  };
}
