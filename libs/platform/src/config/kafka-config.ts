import type { KafkaConnection, TopicSafety } from '@muster/messaging-kafka';
import { hostsAndPorts, wholeNumber, type Variables } from './variables';

/** Which Kafka, and how safe its topics must be. */
export interface KafkaConfig {
  /** With the secret of `KAFKA_PASSWORD` in it. */
  readonly connection: KafkaConnection;
  readonly topics: TopicSafety;
  /** A consumer that was killed holds its partitions for so long. */
  readonly sessionTimeoutMs: number;
}

const SASL = ['KAFKA_SASL_MECHANISM', 'KAFKA_USERNAME', 'KAFKA_PASSWORD'] as const;
const MECHANISMS = ['plain', 'scram-sha-256', 'scram-sha-512'] as const;
const MOST_COPIES = 9;
/** What brokers allow unless they are told otherwise begins there. */
const SHORTEST_SESSION_MS = 6_000;
const LONGEST_SESSION_MS = 300_000;

/** `null` without brokers, which `isNeeded` makes a mistake. What has no effect then is looked at as far as its form goes. */
export function readKafkaConfig(variables: Variables, isNeeded: boolean): KafkaConfig | null {
  const allowed = 'host:port, or several separated by commas';
  const brokers = variables.read<string[] | null>('KAFKA_BROKERS', null, allowed, hostsAndPorts);
  const ssl = variables.oneOf('KAFKA_SSL', ['on', 'off'], 'off') === 'on';
  const sasl = readSasl(variables, isNeeded);
  const topics = readSafety(variables, isNeeded);
  const sessionTimeoutMs = variables.read<number>(
    'KAFKA_SESSION_TIMEOUT_MS',
    45_000,
    `a whole number from ${String(SHORTEST_SESSION_MS)} to ${String(LONGEST_SESSION_MS)}`,
    wholeNumber(SHORTEST_SESSION_MS, LONGEST_SESSION_MS),
  );
  if (isNeeded) variables.need(['KAFKA_BROKERS'], 'BUS=kafka');
  return brokers && { connection: { brokers, ssl, ...(sasl && { sasl }) }, topics, sessionTimeoutMs };
}

function readSasl(variables: Variables, isNeeded: boolean): KafkaConnection['sasl'] {
  const mechanism = variables.oneOrNone('KAFKA_SASL_MECHANISM', MECHANISMS);
  const text = (name: string): string | null => variables.read<string | null>(name, null, 'a text', (given) => given);
  const [username, password] = [text('KAFKA_USERNAME'), text('KAFKA_PASSWORD')];
  const given = SASL.filter((name) => variables.isSet(name));
  if (isNeeded && given.length > 0) variables.need(SASL, given.join(' with '));
  return mechanism && username !== null && password !== null ? saslOf(mechanism, { username, password }) : undefined;
}

/** A mechanism by name: each has a type of its own in the client. */
function saslOf(
  mechanism: (typeof MECHANISMS)[number],
  user: { readonly username: string; readonly password: string },
): KafkaConnection['sasl'] {
  switch (mechanism) {
    case 'plain':
      return { mechanism, ...user };
    case 'scram-sha-256':
      return { mechanism, ...user };
    case 'scram-sha-512':
      return { mechanism, ...user };
  }
}

function readSafety(variables: Variables, isNeeded: boolean): TopicSafety {
  const copies = (name: string, fallback: number): number => {
    const allowed = `a whole number from 1 to ${String(MOST_COPIES)}`;
    return variables.read<number>(name, fallback, allowed, wholeNumber(1, MOST_COPIES));
  };
  const replicationFactor = copies('KAFKA_REPLICATION_FACTOR', 3);
  const minInsyncReplicas = copies('KAFKA_MIN_INSYNC_REPLICAS', 2);
  if (isNeeded && minInsyncReplicas > replicationFactor) {
    variables.problems.push(
      `KAFKA_MIN_INSYNC_REPLICAS is ${String(minInsyncReplicas)}; it must not be more than KAFKA_REPLICATION_FACTOR, which is ${String(replicationFactor)}.`,
    );
  }
  return { replicationFactor, minInsyncReplicas };
}
