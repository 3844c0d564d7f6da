import { KafkaJSError } from 'kafkajs';
import { WrongTopicConfiguration } from './check-topics';

/** Why Kafka cannot be used, told for people: without secrets, and so that what is to be done can be seen. */
export function troubleOf(error: unknown, brokers: readonly string[]): string {
  const where = `Kafka at ${brokers.join(', ')}`;
  if (error instanceof WrongTopicConfiguration) {
    return `${error.message}: run \`muster-ops topics apply\``;
  }
  const chain = causesOf(error);
  const refused = chain.find(({ name }) => name === 'KafkaJSSASLAuthenticationError');
  if (refused) {
    // The broker's own words name no password, but nobody promises that: only the kind is passed on.
    const why = refused.message.includes('not supported by the server')
      ? 'KAFKA_SASL_MECHANISM: the broker does not offer it'
      : 'KAFKA_USERNAME and KAFKA_PASSWORD';
    return `${where} refuses ${why}`;
  }
  const type = chain.map(textOf('type')).find((text) => text !== '') ?? '';
  if (type.includes('AUTHORIZATION_FAILED')) return `${where} refuses this user what it needs (${type})`;
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
