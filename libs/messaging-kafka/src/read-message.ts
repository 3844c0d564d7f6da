import type { IntegrationEvent, OutgoingEvent, SourceReference } from '@muster/contracts';
import type { KafkaMessage } from 'kafkajs';
import { feedOf } from './topics';

/** A message that no repetition makes readable. The reason names no value: those may be personal. */
export class UnreadableMessage extends Error {
  override readonly name = 'UnreadableMessage';
}

/** Says what is wrong with the data of an event; undefined where nothing is. */
export type EventCheck = (event: IntegrationEvent) => string | undefined;

const TEXTS = ['id', 'source', 'type', 'time', 'subject', 'correlationid', 'position'] as const;
const NAME_AND_VERSION = /^(.+)\.v(\d+)$/;
const ID = /^(.+)\/(\d+)\/(\d+)$/;

/**
 * The event that a message of a feed carries; undefined where it is of a type that the consumer does not take. Throws
 * {@link UnreadableMessage}, also for a newer version of a type that it takes: that it may not pass over.
 */
export function readMessage(
  topic: string,
  message: Pick<KafkaMessage, 'key' | 'value'>,
  handles: readonly string[],
  check: EventCheck,
): OutgoingEvent | undefined {
  const from = feedOf(topic);
  if (!from) throw new UnreadableMessage(`the topic ${topic} carries no feed`);
  const event = parsed(message.value);
  if (event.source !== `/muster/${from.context}`) {
    throw new UnreadableMessage(`its source is not ${from.context}, whose feed this is`);
  }
  if (!handles.includes(event.type)) {
    refuseNewer(event.type, handles);
    return undefined;
  }
  const key = message.key?.toString() ?? '';
  if (key === '') throw new UnreadableMessage('it has no key');
  const wrong = check(event);
  if (wrong !== undefined) throw new UnreadableMessage(wrong);
  return { ...from, key, sourceReference: referenceOf(event.id), event };
}

function parsed(value: Buffer | null): IntegrationEvent {
  if (!value || value.length === 0) throw new UnreadableMessage('it is empty');
  let event: unknown;
  try {
    event = JSON.parse(new TextDecoder('utf-8', { fatal: true }).decode(value));
  } catch {
    throw new UnreadableMessage('it is no JSON in UTF-8');
  }
  if (typeof event !== 'object' || event === null) throw new UnreadableMessage('it is no CloudEvent');
  const fields = event as Record<string, unknown>;
  if (fields['specversion'] !== '1.0') throw new UnreadableMessage('it is no CloudEvent 1.0');
  for (const name of TEXTS) {
    if (typeof fields[name] !== 'string' || fields[name] === '') {
      throw new UnreadableMessage(`its attribute ${name} is missing or no text`);
    }
  }
  if (typeof fields['data'] !== 'object' || fields['data'] === null) throw new UnreadableMessage('it has no data');
  return event as IntegrationEvent;
}

function refuseNewer(type: string, handles: readonly string[]): void {
  const [, name, version] = NAME_AND_VERSION.exec(type) ?? [];
  const known = handles.flatMap((handled) => {
    const [, handledName, handledVersion] = NAME_AND_VERSION.exec(handled) ?? [];
    return handledName === name && name !== undefined ? [Number(handledVersion)] : [];
  });
  if (known.length > 0 && Number(version) > Math.max(...known)) {
    throw new UnreadableMessage(`${type} is newer than version ${String(Math.max(...known))}, which is known here`);
  }
}

function referenceOf(id: string): SourceReference {
  const [, stream, revision, n] = ID.exec(id) ?? [];
  if (stream === undefined) throw new UnreadableMessage('its id is not <stream>/<revision>/<n>');
  return { stream, revision: Number(revision), n: Number(n) };
}
