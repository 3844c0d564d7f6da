import { EventTooLarge } from './errors';
import { MAX_APPEND_BYTES, MAX_EVENT_BYTES, type ExpectedRevision } from './event-store';
import { categoryOf, type EventToAppend } from './events';

/** One append, checked and turned into bytes: what is in it can be sent and stored as it is by every adapter. */
export interface EncodedAppend {
  readonly stream: string;
  readonly expected: ExpectedRevision;
  readonly events: readonly EncodedEvent[];
  readonly bytes: number;
}

export interface EncodedEvent {
  readonly id: string;
  readonly type: string;
  readonly data: Buffer;
  readonly metadata: Buffer;
}

const UUID = /^[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$/i;
/** NUL, which some stores refuse in names, and halves of surrogate pairs, which UTF-8 cannot hold. */
const UNSTORABLE = /[\0\ud800-\udfff]/u;
/** Far below what an index entry may take. */
const MAX_NAME_BYTES = 500;
const MAX_REVISION = 2 ** 31 - 2;

/**
 * What every adapter does first. Throws {@link EventTooLarge}; TypeError and RangeError for what no store takes (names
 * that are empty, too long or hold NUL or lone surrogates; ids that are no UUIDs; data that is no JSON); Error for a
 * stream outside `allowedCategories`: each context is the only one to append to its categories.
 */
export function encodeAppend(
  stream: string,
  expected: ExpectedRevision,
  events: readonly EventToAppend[],
  allowedCategories?: ReadonlySet<string>,
): EncodedAppend {
  checkName('stream', stream);
  if (allowedCategories && !allowedCategories.has(categoryOf(stream))) {
    throw new Error(
      `stream ${stream} is not of a category that may be appended to here: ${[...allowedCategories].join(', ')}`,
    );
  }
  if (typeof expected === 'number' && !(Number.isInteger(expected) && expected >= 0 && expected <= MAX_REVISION)) {
    throw new RangeError(`not a revision: ${String(expected)}`);
  }
  if (events.length === 0) throw new RangeError(`stream ${stream}: an append holds at least one event`);
  const encoded = events.map((event) => encodeEvent(stream, event));
  const bytes = encoded.reduce((sum, event) => sum + sizeOf(event), 0);
  if (bytes > MAX_APPEND_BYTES) throw new EventTooLarge(stream, 'the append', bytes, MAX_APPEND_BYTES);
  return { stream, expected, events: encoded, bytes };
}

function encodeEvent(stream: string, event: EventToAppend): EncodedEvent {
  checkName('type', event.type);
  if (!UUID.test(event.id)) throw new TypeError(`stream ${stream}: the id of an event is a UUID, not ${event.id}`);
  const encoded = {
    id: event.id.toLowerCase(),
    type: event.type,
    data: toJson(stream, event.type, event.data),
    metadata: toJson(stream, event.type, event.metadata),
  };
  const bytes = sizeOf(encoded);
  if (bytes > MAX_EVENT_BYTES) throw new EventTooLarge(stream, `a ${event.type}`, bytes, MAX_EVENT_BYTES);
  return encoded;
}

/** `JSON.stringify` writes lone surrogates and NUL as escapes, so its text is always UTF-8 and comes back as it was. */
function toJson(stream: string, type: string, value: unknown): Buffer {
  const text = JSON.stringify(value) as string | undefined;
  if (text === undefined) throw new TypeError(`stream ${stream}: a ${type} holds what is no JSON value`);
  return Buffer.from(text, 'utf8');
}

function sizeOf(event: EncodedEvent): number {
  return Buffer.byteLength(event.type) + event.data.length + event.metadata.length;
}

function checkName(what: string, name: string): void {
  if (name === '' || UNSTORABLE.test(name) || Buffer.byteLength(name) > MAX_NAME_BYTES) {
    throw new TypeError(`not the name of a ${what}: ${JSON.stringify(name.slice(0, 100))}`);
  }
}
