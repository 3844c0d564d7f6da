import type { EventDeclaration } from '../declared/declaration';
import { CONTRACTS } from '../declared/registry';
import type { Feed } from '../integration-event';
import { TOPICS, feedOf, topicOf, type TopicDeclaration } from '../topics';
import { exampleOf, keyOf } from './example';
import { plainSchemaOf } from './json-schema';

type Json = Readonly<Record<string, unknown>>;

const FEEDS: Readonly<Record<Feed, string>> = {
  sets: 'Few, large events about sets of profiles, in order per segment or campaign.',
  lifecycle: 'What happens to segments, campaigns and audiences as a whole, in order per segment or campaign.',
  profiles: 'One event per profile, made from the set feed, in order per profile. It may lag behind the set feed.',
};

const BINDING = '0.5.0';

/** Every topic with its events, as an AsyncAPI 3.1 document. Muster sends; who reads it receives. */
export function asyncApi(version: string): Json {
  const topics = TOPICS.filter(({ name }) => feedOf(name) !== undefined);
  return {
    asyncapi: '3.1.0',
    info: {
      title: 'Muster integration events',
      version,
      description:
        'Who enters and leaves segments and campaigns, in which group, and how campaigns get on. CloudEvents 1.0 in ' +
        'structured mode, at least once, in order per key. Readers pass over fields and types that they do not know.',
      license: { name: 'Apache-2.0' },
    },
    defaultContentType: 'application/cloudevents+json',
    channels: Object.fromEntries(topics.map((topic) => [topic.name, channel(topic)])),
    operations: Object.fromEntries(topics.map(({ name }) => [`publish.${name}`, operation(name)])),
    components: { messages: Object.fromEntries(CONTRACTS.map((declared) => [declared.type, message(declared)])) },
  };
}

function eventsOn(topic: string): readonly EventDeclaration[] {
  return CONTRACTS.filter(({ context, feed }) => topicOf(context, feed) === topic);
}

function channel({ name, partitions, retentionMs, maxMessageBytes }: TopicDeclaration): Json {
  const { context, feed } = feedOf(name)!;
  return {
    address: name,
    title: `${context}: ${feed}`,
    description: FEEDS[feed],
    messages: Object.fromEntries(eventsOn(name).map(({ type }) => [type, { $ref: `#/components/messages/${type}` }])),
    bindings: {
      kafka: {
        topic: name,
        partitions,
        topicConfiguration: {
          'cleanup.policy': ['delete'],
          'retention.ms': retentionMs,
          'max.message.bytes': maxMessageBytes,
        },
        bindingVersion: BINDING,
      },
    },
  };
}

function operation(name: string): Json {
  return {
    action: 'send',
    channel: { $ref: `#/channels/${name}` },
    messages: eventsOn(name).map(({ type }) => ({ $ref: `#/channels/${name}/messages/${type}` })),
  };
}

function message(declared: EventDeclaration): Json {
  const { type, name, description, key, example } = declared;
  return {
    name: type,
    title: name,
    summary: description,
    contentType: 'application/cloudevents+json',
    correlationId: { location: '$message.payload#/correlationid' },
    payload: plainSchemaOf(declared),
    bindings: {
      kafka: {
        key: {
          type: 'string',
          description: `\`<${key.join('>:<')}>\`: events of one key keep their order.`,
          examples: [keyOf(declared, example)],
        },
        bindingVersion: BINDING,
      },
    },
    examples: [{ name, payload: exampleOf(declared) }],
  };
}
