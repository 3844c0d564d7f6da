import { goesOn } from '@muster/messaging';
import { KafkaJSError } from 'kafkajs';
import { UnexpectedAnswer } from './transactional-producer';

/** What no repetition mends: somebody has to change a setting or a right. */
const FOR_GOOD =
  /AUTHORIZATION_FAILED|SASL|UNSUPPORTED|MESSAGE_TOO_LARGE|RECORD_LIST_TOO_LARGE|INVALID_REQUIRED_ACKS|NotImplemented/;

/** True where the same may go well a moment later: Kafka away, a leader moved, another owner of the producer. */
export function passes(error: unknown): boolean {
  return isPassingInKafka(error) || error instanceof UnexpectedAnswer || goesOn(error);
}

function isPassingInKafka(error: unknown): boolean {
  if (!(error instanceof KafkaJSError)) return false;
  const { cause } = error;
  if (cause instanceof TypeError || cause instanceof RangeError) return false;
  const type = 'type' in error ? String(error.type) : '';
  return !FOR_GOOD.test(`${type} ${error.name}`) && (!(cause instanceof KafkaJSError) || isPassingInKafka(cause));
}
