import type { Feed, OutgoingEvent } from '@muster/contracts';
import type { EventStore, StoredEvent } from '@muster/event-store';
import { translated, type ReadBack, type Translation } from '@muster/messaging';
import type { Keyed } from './outbox';
import { profileMessages, type ExternalIds } from './profile-feed';
import { MAX_RECORD_BYTES } from './topics';

/** A message cannot be published as it is: the relay stops, for nothing is left out in silence. */
export class MessageTooLarge extends Error {
  override readonly name = 'MessageTooLarge';
  constructor(
    message: string,
    readonly correlationId: string,
  ) {
    super(message);
  }
}

/** Makes the messages of one feed from stored events. */
export class RelayMessages {
  readonly categories: readonly string[];
  private readonly translations: readonly { readonly prefixes: readonly string[]; readonly by: Translation }[];

  constructor(
    private readonly feed: Feed,
    translations: readonly Translation[],
    private readonly store: EventStore,
    private readonly externalIds: ExternalIds | undefined,
  ) {
    this.categories = [...new Set(translations.flatMap(({ categories }) => categories))];
    this.translations = translations.map((by) => ({ prefixes: by.categories.map((category) => `${category}-`), by }));
  }

  /** Whether one stored event may become millions of messages. */
  get inPieces(): boolean {
    return this.feed === 'profiles';
  }

  /** All that one stored event becomes, in order. */
  async of(stored: StoredEvent): Promise<readonly Keyed[]> {
    const messages: Keyed[] = [];
    for (const delivery of await this.translated(stored)) {
      if (delivery.feed === this.feed) messages.push(messageOf(delivery));
    }
    return messages;
  }

  /** The same of the profile feed, piece by piece. */
  async *piecesOf(stored: StoredEvent): AsyncGenerator<readonly Keyed[]> {
    if (!this.externalIds) throw new Error('without external ids there is no profile feed');
    const events = await this.translated(stored);
    yield* profileMessages(
      events.filter(({ feed }) => feed === 'sets'),
      this.externalIds,
    );
  }

  private async translated(stored: StoredEvent): Promise<readonly OutgoingEvent[]> {
    let events: readonly OutgoingEvent[] = [];
    for (const { prefixes, by } of this.translations) {
      if (!prefixes.some((prefix) => stored.stream.startsWith(prefix))) continue;
      const more = await translated(by, stored, this.readBack);
      events = events.length === 0 ? more : [...events, ...more];
    }
    return events;
  }

  private readonly readBack: ReadBack = (stream, from, to) =>
    this.store.readStream(stream, { from, limit: Math.max(0, to - from + 1) });
}

function messageOf({ key, event }: OutgoingEvent): Keyed {
  const value = JSON.stringify(event);
  // A character takes three bytes at most.
  if (3 * value.length > MAX_RECORD_BYTES) requireFits(key, value, event);
  return { key: Buffer.from(key), value };
}

function requireFits(key: string, value: string, { type, id, correlationid }: OutgoingEvent['event']): void {
  const bytes = Buffer.byteLength(key) + Buffer.byteLength(value);
  if (bytes <= MAX_RECORD_BYTES) return;
  throw new MessageTooLarge(
    `${type} ${id} takes ${String(bytes)} bytes, at most ${String(MAX_RECORD_BYTES)} can be published`,
    correlationid,
  );
}
