import type { OutgoingEvent } from '@muster/contracts';
import { secondsBehind, type EventStore, type Position } from '@muster/event-store';
import type { Leases } from '@muster/postgres';
import { ConsumerLoop, type ConsumerSurroundings } from './consumer-loop';
import type { ConsumerStorage, ParkedEvent } from './consumer-storage';
import type { DeliveryRules } from './delivering';
import type { BusPartStatus, IntegrationConsumer, OperatedBus, Translation } from './integration-bus';

export interface DirectBusOptions {
  readonly store: EventStore;
  /** Where this consumer (`<service>.<name>`) keeps its checkpoint and what it parks: in the schema of its service. */
  readonly storageOf: (consumer: string) => ConsumerStorage;
  /** What makes one process at a time consume. */
  readonly leasesOf: (consumer: string) => Leases;
  /** Tries before a key is parked. Default 5. */
  readonly tries?: number;
  /** The pause after the first failed try; it doubles with each, up to 5 s. Default 50 ms. */
  readonly retryMs?: number;
  /** Keys that a consumer is handed side by side. Default 8. */
  readonly keysAtOnce?: number;
  /** Stored events after which the checkpoint moves. Default 200. */
  readonly batchEvents?: number;
  /** How often ownership is tried for, and requests of operators in other processes are looked for. Default 1,000 ms. */
  readonly pollMs?: number;
  /** An event was in a consumer's hands once, with what came of it. */
  readonly onHandled?: DeliveryRules['onHandled'];
  /** The alert: an event failed for good, and its key waits for an operator. */
  readonly onParked?: (consumer: string, delivery: OutgoingEvent, error: Error) => void;
  /** The alert: this consumer goes no further until the process starts anew. */
  readonly onStopped?: (consumer: string, error: Error) => void;
  /** Something passing was in the way; it is tried again for as long as it takes. */
  readonly onInterrupted?: DeliveryRules['onInterrupted'];
}

export interface ConsumerStatus extends BusPartStatus {
  /** Everything up to here was handled or parked. */
  readonly position: Position;
}

const WAIT_MS = 25;

/** Integration events without a broker: every consumer follows the event store and applies the same translations. */
export class DirectBus implements OperatedBus {
  private readonly translations: Translation[] = [];
  private readonly consumers: IntegrationConsumer[] = [];
  private readonly loops = new Map<string, ConsumerLoop>();

  constructor(private readonly options: DirectBusOptions) {}

  addTranslation(translation: Translation): void {
    this.refuseAfterStart();
    this.translations.push(translation);
  }

  addConsumer(consumer: IntegrationConsumer): void {
    this.refuseAfterStart();
    if (this.consumers.some(({ name }) => name === consumer.name)) {
      throw new Error(`consumer ${consumer.name} is added twice`);
    }
    this.consumers.push(consumer);
  }

  start(): Promise<void> {
    for (const consumer of this.consumers) {
      const loop = new ConsumerLoop(consumer, this.translationsFor(consumer), this.surroundingsOf(consumer));
      this.loops.set(consumer.name, loop);
    }
    for (const loop of this.loops.values()) loop.start();
    return Promise.resolve();
  }

  async stop(): Promise<void> {
    await Promise.all([...this.loops.values()].map((loop) => loop.stop()));
  }

  /** Whether a consumer of this process has something in hand. */
  get busy(): boolean {
    return [...this.loops.values()].some((loop) => loop.delivering);
  }

  /** Waits until every consumer has passed `position`; false after `timeoutMs`. */
  async waitFor(position: Position, timeoutMs: number): Promise<boolean> {
    const deadline = performance.now() + timeoutMs;
    for (const loop of this.loops.values()) {
      while ((await this.positionOf(loop)) < position) {
        const left = deadline - performance.now();
        if (left <= 0) return false;
        await loop.progress(Math.min(left, WAIT_MS));
      }
    }
    return true;
  }

  async status(): Promise<readonly ConsumerStatus[]> {
    const head = await this.options.store.head();
    return Promise.all([...this.loops.values()].map((loop) => this.statusOf(loop, head)));
  }

  /** There is nothing between it and the event store. */
  trouble(): Promise<null> {
    return Promise.resolve(null);
  }

  listParked(consumer: string): Promise<readonly ParkedEvent[]> {
    return this.storageOf(consumer).parked(consumer);
  }

  /** Asks the owner, here or in another process, to try this key again. Answers how many events it holds. */
  async retryParked(consumer: string, key: string): Promise<number> {
    const count = await this.storageOf(consumer).requestRetry(consumer, key);
    this.loops.get(consumer)?.wake();
    return count;
  }

  /** Gives up what is parked of this key; what comes later is delivered. Answers how many events were given up. */
  async dropParked(consumer: string, key: string): Promise<number> {
    return this.storageOf(consumer).drop(consumer, key);
  }

  private async statusOf(loop: ConsumerLoop, head: Position): Promise<ConsumerStatus> {
    const { store } = this.options;
    const { name } = loop.consumer;
    const position = await this.positionOf(loop);
    const keys = await this.storageOf(name).parkedKeys(name);
    const error = loop.stoppedBy?.message;
    return {
      name,
      kind: 'consumer',
      state: error === undefined ? 'running' : 'stopped',
      position,
      lagEvents: position < head ? await store.distance(position, head) : 0,
      lagSeconds: position < head ? await secondsBehind(store, position, new Date()) : 0,
      parkedKeys: keys.map(({ key }) => key),
      deadLetters: 0,
      ...(error !== undefined && { error }),
    };
  }

  /** The owner knows more than its checkpoint says, which moves only where something was handled. */
  private async positionOf({ owned, scanned, consumer }: ConsumerLoop): Promise<Position> {
    return owned ? scanned : this.storageOf(consumer.name).position(consumer.name);
  }

  private translationsFor({ name, subscriptions }: IntegrationConsumer): readonly Translation[] {
    const contexts = new Set(subscriptions.map(({ context }) => context));
    const wanted = this.translations.filter(({ context }) => contexts.has(context));
    for (const context of contexts) {
      if (!wanted.some((translation) => translation.context === context)) {
        throw new Error(`consumer ${name} subscribes to ${context}, which has no translation`);
      }
    }
    return wanted;
  }

  private surroundingsOf({ name }: IntegrationConsumer): ConsumerSurroundings {
    const { leasesOf, ...rules } = this.options;
    return {
      tries: 5,
      retryMs: 50,
      keysAtOnce: 8,
      batchEvents: 200,
      pollMs: 1_000,
      onHandled: () => undefined,
      onParked: () => undefined,
      onStopped: () => undefined,
      onInterrupted: () => undefined,
      ...rules,
      storage: this.storageOf(name),
      leases: leasesOf(name),
    };
  }

  private storageOf(consumer: string): ConsumerStorage {
    return this.options.storageOf(consumer);
  }

  private refuseAfterStart(): void {
    if (this.loops.size > 0) throw new Error('translations and consumers are added before start');
  }
}
