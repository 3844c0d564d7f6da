import type { Context, Feed } from './integration-event';

/** What a topic must be like. Everything that is published or read is declared in {@link TOPICS}, once. */
export interface TopicDeclaration {
  readonly name: string;
  /** Fixed for good: which partition a key lies in hangs on it. */
  readonly partitions: number;
  readonly retentionMs: number;
  /** Of one record batch as the broker stores it, in bytes. */
  readonly maxMessageBytes: number;
}

export const PARTITIONS = 12;
const RETENTION_MS = 14 * 24 * 60 * 60 * 1_000;
const MAX_MESSAGE_BYTES = 2 * 1024 * 1024;
/** A dead letter is the message as it came, and headers that say where from. */
const ROOM_FOR_HEADERS = 64 * 1024;

/** One record with its key; more is refused before it is sent. */
export const MAX_RECORD_BYTES = MAX_MESSAGE_BYTES - ROOM_FOR_HEADERS;

const FEEDS: readonly { readonly context: Context; readonly feed: Feed }[] = [
  { context: 'segments', feed: 'sets' },
  { context: 'segments', feed: 'lifecycle' },
  { context: 'segments', feed: 'profiles' },
  { context: 'campaigns', feed: 'lifecycle' },
  { context: 'audiences', feed: 'sets' },
  { context: 'audiences', feed: 'lifecycle' },
  { context: 'audiences', feed: 'profiles' },
];

/** Where messages go that no consumer could read. */
export const DEAD_LETTERS = 'muster.dead-letters.v1';

export const TOPICS: readonly TopicDeclaration[] = [
  ...FEEDS.map(({ context, feed }) => declaration(topicOf(context, feed), MAX_MESSAGE_BYTES)),
  declaration(DEAD_LETTERS, MAX_MESSAGE_BYTES + ROOM_FOR_HEADERS),
];

export function topicOf<C extends Context, F extends Feed>(context: C, feed: F): `${C}.${F}.v1` {
  return `${context}.${feed}.v1`;
}

export function feedsOf(context: Context): readonly Feed[] {
  return FEEDS.filter((declared) => declared.context === context).map(({ feed }) => feed);
}

/** The feed that a topic carries; undefined for a topic that carries none. */
export function feedOf(topic: string): { readonly context: Context; readonly feed: Feed } | undefined {
  return FEEDS.find(({ context, feed }) => topicOf(context, feed) === topic);
}

function declaration(name: string, maxMessageBytes: number): TopicDeclaration {
  return { name, partitions: PARTITIONS, retentionMs: RETENTION_MS, maxMessageBytes };
}
