import type { Context } from '@muster/contracts';
import { secondsBehind, type EventStore, type Position } from '@muster/event-store';
import type {
  BusPartStatus,
  ConsumerStorage,
  DeliveryRules,
  IntegrationConsumer,
  OperatedBus,
  ParkedEvent,
  Translation,
} from '@muster/messaging';
import { pause, type Leases } from '@muster/postgres';
import type { OutgoingEvent } from '@muster/contracts';
import type { Kafka } from 'kafkajs';
import { createKafka, type KafkaConnection } from './client/create-kafka';
import { checkTopics, type TopicSafety } from './check-topics';
import { DeadLetters } from './dead-letters';
import { GroupConsumer } from './group-consumer';
import type { GroupTimes } from './group-surroundings';
import { KafkaProbe } from './kafka-probe';
import { OffsetReader } from './offsets';
import type { ExternalIds } from './profile-feed';
import type { EventCheck } from './read-message';
import type { RelayStep } from './publishing';
import { Relay, relayName } from './relay';
import { feedOf, feedsOf, topicOf } from './topics';
import { troubleOf } from './trouble';

export interface KafkaBusOptions {
  readonly connection: KafkaConnection;
  readonly topics: TopicSafety;
  readonly store: EventStore;
  /**
   * Where a consumer or relay (`<context>.<name>`) keeps what it must know: the checkpoint of a relay, and what a
   * consumer parks.
   */
  readonly storageOf: (name: string) => ConsumerStorage;
  /** What makes one process at a time publish a feed. */
  readonly leasesOf: (relay: string) => Leases;
  /** Where given, the profile feeds are published. */
  readonly externalIds?: ExternalIds;
  /** Looks at the data of each event that a consumer takes. Default: anything is right. */
  readonly check?: EventCheck;
  /** Before the names of relays in Kafka: two systems on one cluster need two. Default `muster`. */
  readonly transactionalIdPrefix?: string;
  /** Tries before a key is parked. Default 5. */
  readonly tries?: number;
  /** The pause after the first failed try; it doubles with each, up to 5 s. Default 50 ms. */
  readonly retryMs?: number;
  /** Keys of a partition that a consumer is handed side by side. Default 8. */
  readonly keysAtOnce?: number;
  /** Messages after which an offset is committed. Default 200. */
  readonly batchEvents?: number;
  /** Messages in one transaction of a relay, about. Default 20,000. */
  readonly transactionMessages?: number;
  readonly times?: Partial<GroupTimes>;
  /** For tests of a relay that dies: called between its steps. */
  readonly atStep?: (relay: string, step: RelayStep) => Promise<void>;
  /** An event was in a consumer's hands once, with what came of it. */
  readonly onHandled?: DeliveryRules['onHandled'];
  /** A consumer got so many messages at once. */
  readonly onBatch?: (consumer: string, messages: number) => void;
  /** A relay has published so many messages. */
  readonly onPublished?: (relay: string, messages: number) => void;
  /** The alert: an event failed for good, and its key waits for an operator. */
  readonly onParked?: (consumer: string, delivery: OutgoingEvent, error: Error) => void;
  /** The alert: a message nobody can read lies in the dead-letter topic. */
  readonly onDeadLetter?: (consumer: string, topic: string, offset: string, reason: string) => void;
  /** The alert: this relay or consumer goes no further. The process should end and be started anew. */
  readonly onStopped?: (name: string, error: Error) => void;
  /** The alert: messages come in and nothing moves. The process should end and be started anew. */
  readonly onStalled?: (consumer: string, lagEvents: number) => void;
  /** Something passing was in the way; it is tried again for as long as it takes. */
  readonly onInterrupted?: DeliveryRules['onInterrupted'];
  /** What the client finds worth a warning. */
  readonly onLog?: (message: string) => void;
}

const TIMES: GroupTimes = {
  sessionTimeoutMs: 45_000,
  heartbeatMs: 3_000,
  rebalanceTimeoutMs: 60_000,
  pollMs: 1_000,
  stallMs: 60_000,
};
const WAIT_MS = 25;
const ANSWER_WITHIN_MS = 1_000;

/** Integration events over Kafka: one relay per context and feed publishes, consumers are members of groups. */
export class KafkaBus implements OperatedBus {
  private readonly translations: Translation[] = [];
  private readonly consumers: IntegrationConsumer[] = [];
  private readonly relays: Relay[] = [];
  private readonly groups: GroupConsumer[] = [];
  private readonly kafka: Kafka;
  private readonly offsets: OffsetReader;
  private readonly deadLetters: DeadLetters;
  private readonly probe: KafkaProbe;
  private readonly ending = new AbortController();
  private checked: Promise<void> | undefined;
  private started = false;

  constructor(private readonly options: KafkaBusOptions) {
    this.kafka = createKafka(options.connection, options.onLog);
    // Who asks wants to know soon that Kafka is away; by default a connection is tried for ten seconds.
    this.offsets = new OffsetReader(createKafka({ ...options.connection, retry: { retries: 1 } }, options.onLog));
    this.deadLetters = new DeadLetters(this.kafka);
    this.probe = new KafkaProbe(() => this.topicsAreRight());
  }

  addTranslation(translation: Translation): void {
    this.refuseAfterStart();
    this.translations.push(translation);
  }

  addConsumer(consumer: IntegrationConsumer): void {
    this.refuseAfterStart();
    if (this.consumers.some(({ name }) => name === consumer.name)) {
      throw new Error(`consumer ${consumer.name} is added twice`);
    }
    for (const { context, feed } of consumer.subscriptions) {
      const topic = topicOf(context, feed);
      if (!feedOf(topic)) throw new Error(`consumer ${consumer.name} subscribes to ${topic}, which is not declared`);
    }
    this.consumers.push(consumer);
  }

  /** Resolves at once: while Kafka is away, everything waits for it. */
  start(): Promise<void> {
    this.refuseAfterStart();
    this.started = true;
    for (const context of new Set(this.translations.map((translation) => translation.context))) {
      this.relays.push(...this.relaysOf(context));
    }
    this.groups.push(...this.consumers.map((consumer) => this.groupOf(consumer)));
    for (const part of [...this.relays, ...this.groups]) part.start();
    return Promise.resolve();
  }

  async stop(): Promise<void> {
    this.ending.abort();
    await Promise.all([...this.relays, ...this.groups].map((part) => part.stop()));
    await Promise.all([this.deadLetters.close(), this.offsets.close()]);
  }

  /** Whether a consumer of this process has something in hand. */
  get busy(): boolean {
    return this.groups.some((group) => group.delivering);
  }

  /**
   * Waits until the relays of this process have published everything up to `position`, and the consumers of this process
   * (with all members of their groups) have handled it; false after `timeoutMs`.
   */
  async waitFor(position: Position, timeoutMs: number): Promise<boolean> {
    const deadline = performance.now() + timeoutMs;
    while (performance.now() < deadline) {
      if (await this.isPast(position).catch(() => false)) return true;
      await pause(WAIT_MS, this.ending.signal);
    }
    return false;
  }

  async status(): Promise<readonly BusPartStatus[]> {
    const head = await this.options.store.head();
    return Promise.all([
      ...this.relays.map((relay) => this.statusOfRelay(relay, head)),
      ...this.groups.map((group) => this.statusOfGroup(group)),
    ]);
  }

  /** Asks Kafka itself, and looks at the topics; a process that carries nothing needs neither. */
  async trouble(): Promise<string | null> {
    if (this.relays.length + this.groups.length === 0) return null;
    const error = await this.probe.ask();
    return error === undefined ? null : troubleOf(error, this.options.connection.brokers);
  }

  listParked(consumer: string): Promise<readonly ParkedEvent[]> {
    return this.options.storageOf(consumer).parked(consumer);
  }

  /** Asks the member that has the key's partition to try it again. Answers how many events it holds. */
  retryParked(consumer: string, key: string): Promise<number> {
    return this.options.storageOf(consumer).requestRetry(consumer, key);
  }

  /** Gives up what is parked of this key; what comes later is delivered. Answers how many events were given up. */
  dropParked(consumer: string, key: string): Promise<number> {
    return this.options.storageOf(consumer).drop(consumer, key);
  }

  private async isPast(position: Position): Promise<boolean> {
    for (const relay of this.relays) if ((await relay.position()) < position) return false;
    for (const group of this.groups) if ((await group.lag()) > 0) return false;
    return true;
  }

  private async statusOfRelay(relay: Relay, head: Position): Promise<BusPartStatus> {
    const position = await relay.position();
    const { store } = this.options;
    const lagEvents = position < head ? await store.distance(position, head) : 0;
    const lagSeconds = position < head ? await secondsBehind(store, position, new Date()) : 0;
    const nothing = { parkedKeys: [], deadLetters: 0 };
    return { name: relay.name, kind: 'relay', lagEvents, lagSeconds, ...nothing, ...stateOf(relay.stoppedBy) };
  }

  private async statusOfGroup(group: GroupConsumer): Promise<BusPartStatus> {
    const { name } = group.consumer;
    const late = pause(ANSWER_WITHIN_MS, this.ending.signal).then(() => group.lastLag);
    const lagEvents = await Promise.race([group.lag().catch(() => group.lastLag), late]);
    const keys = await this.options.storageOf(name).parkedKeys(name);
    const parkedKeys = keys.map(({ key }) => key);
    const { deadLetters, lagSeconds, stoppedBy } = group;
    return { name, kind: 'consumer', lagEvents, lagSeconds, parkedKeys, deadLetters, ...stateOf(stoppedBy) };
  }

  /** Asked by everything before it speaks to Kafka; after a failure the next one asks anew. */
  private readonly ready = (): Promise<void> => {
    this.checked ??= this.topicsAreRight().catch((error: unknown) => {
      this.checked = undefined;
      throw error;
    });
    return this.checked;
  };

  private topicsAreRight(): Promise<void> {
    return this.offsets.asking((admin) => checkTopics(admin, this.options.topics));
  }

  private relaysOf(context: Context): Relay[] {
    const { store, storageOf, leasesOf, externalIds, transactionalIdPrefix = 'muster' } = this.options;
    const translations = this.translations.filter((translation) => translation.context === context);
    const feeds = feedsOf(context).filter((feed) => feed !== 'profiles' || externalIds !== undefined);
    return feeds.map((feed) => {
      const name = relayName(context, feed);
      return new Relay(context, feed, translations, {
        ...this.alerts(),
        store,
        storage: storageOf(name),
        leases: leasesOf(name),
        kafka: this.kafka,
        ready: this.ready,
        externalIds,
        transactionalId: `${transactionalIdPrefix}.${name}`,
        pollMs: this.times.pollMs,
        transactionMessages: this.options.transactionMessages ?? 20_000,
        atStep: this.options.atStep ?? (() => Promise.resolve()),
      });
    });
  }

  private groupOf(consumer: IntegrationConsumer): GroupConsumer {
    const { tries = 5, retryMs = 50, keysAtOnce = 8, batchEvents = 200, check = () => undefined } = this.options;
    return new GroupConsumer(consumer, {
      ...this.alerts(),
      tries,
      retryMs,
      keysAtOnce,
      batchEvents,
      check,
      kafka: this.kafka,
      storage: this.options.storageOf(consumer.name),
      offsets: this.offsets,
      deadLetters: this.deadLetters,
      published: (topic) => this.relays.find((relay) => relay.topic === topic)?.sentTo ?? new Map<number, bigint>(),
      ready: this.ready,
      times: this.times,
    });
  }

  private get times(): GroupTimes {
    return { ...TIMES, ...this.options.times };
  }

  private alerts() {
    const nobody = (): void => undefined;
    const { onParked, onDeadLetter, onStopped, onStalled, onInterrupted, onHandled, onBatch, onPublished } =
      this.options;
    return {
      onHandled: onHandled ?? nobody,
      onBatch: onBatch ?? nobody,
      onPublished: onPublished ?? nobody,
      onParked: onParked ?? nobody,
      onDeadLetter: onDeadLetter ?? nobody,
      onStopped: onStopped ?? nobody,
      onStalled: onStalled ?? nobody,
      onInterrupted: onInterrupted ?? nobody,
    };
  }

  private refuseAfterStart(): void {
    if (this.started) throw new Error('translations and consumers are added before start, and it starts once');
  }
}

function stateOf(error: Error | undefined): Pick<BusPartStatus, 'state' | 'error'> {
  return error ? { state: 'stopped', error: error.message } : { state: 'running' };
}
