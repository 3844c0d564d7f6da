import { goesOn } from '@muster/messaging';
import { asError } from '@muster/postgres';
import { KafkaJSError } from 'kafkajs';
import { WrongTopicConfiguration } from './check-topics';
import { UnexpectedAnswer } from './transactional-producer';

/** Kafka could not be made ready. No event was looked at yet, so none is to blame, and whatever it was may pass. */
export class NotReady extends Error {
  override readonly name = 'NotReady';
  constructor(cause: unknown) {
    super(`Kafka is not ready: ${asError(cause).message}`, { cause });
  }
}

/** What no repetition mends. */
const FOR_GOOD = /UNSUPPORTED(?!_SASL)|MESSAGE_TOO_LARGE|RECORD_LIST_TOO_LARGE|INVALID_REQUIRED_ACKS|NotImplemented/;

/**
 * True where the same may go well later: Kafka away, a leader moved, another owner of the producer; also where an operator
 * has to put topics, a password or a right in order, which needs no restart here. Readiness says so until then.
 */
export function passes(error: unknown): boolean {
  if (error instanceof NotReady || error instanceof UnexpectedAnswer || error instanceof WrongTopicConfiguration)
    return true;
  return isPassingInKafka(error) || goesOn(error);
}

function isPassingInKafka(error: unknown): boolean {
  if (!(error instanceof KafkaJSError)) return false;
  const { cause } = error;
  if (cause instanceof TypeError || cause instanceof RangeError) return false;
  const type = 'type' in error ? String(error.type) : '';
  return !FOR_GOOD.test(`${type} ${error.name}`) && (!(cause instanceof KafkaJSError) || isPassingInKafka(cause));
}
