import type { IntegrationConsumer } from '@muster/messaging';
import { asError, pause } from '@muster/postgres';
import type { Consumer, EachBatchPayload } from 'kafkajs';
import { coPartitioned } from './co-partitioned';
import { passes } from './failures';
import type { GroupSurroundings } from './group-surroundings';
import { PartitionWork } from './partition-work';
import { PARTITIONS, topicOf } from './topics';
import { Watchdog } from './watchdog';

const LONGEST_PAUSE_MS = 5_000;
const MAX_WAIT_MS = 100;

/** One consumer in this process: a member of the group that is named after it. */
export class GroupConsumer {
  readonly topics: readonly string[];
  /** The lag when it was last asked for; while Kafka is away nothing better is known. */
  lastLag = 0;
  /** Of what this member has in its hands something waited then. */
  private isBehind = false;
  /** Event time of what was handled last; at first, when this member began. */
  private handledUpTo = Date.now();
  /** Messages put aside since the start, because nobody can read them. */
  deadLetters = 0;
  private readonly surroundings: GroupSurroundings;
  private readonly ending = new AbortController();
  private readonly partitions = new Map<number, PartitionWork>();
  private readonly watchdog: Watchdog;
  private client: Consumer | undefined;
  private working: Promise<unknown> | undefined;
  private failure: Error | undefined;
  private assigned: Readonly<Record<string, readonly number[]>> = {};

  constructor(
    readonly consumer: IntegrationConsumer,
    surroundings: GroupSurroundings,
  ) {
    const { onDeadLetter } = surroundings;
    this.surroundings = {
      ...surroundings,
      onDeadLetter: (...letter) => {
        this.deadLetters++;
        onDeadLetter(...letter);
      },
    };
    this.topics = [...new Set(consumer.subscriptions.map(({ context, feed }) => topicOf(context, feed)))];
    this.watchdog = new Watchdog(surroundings.times.stallMs, () => this.lag());
  }

  get stoppedBy(): Error | undefined {
    return this.failure;
  }

  /** How old what was handled last is, while more of what this member has in its hands waits. */
  get lagSeconds(): number {
    return this.isBehind ? Math.max(0, (Date.now() - this.handledUpTo) / 1_000) : 0;
  }

  /** Something is in hand. */
  get delivering(): boolean {
    return [...this.partitions.values()].some((work) => work.busy);
  }

  start(): void {
    this.working ??= Promise.all([this.join(), this.poll()]);
  }

  /** Finishes what is in hand. */
  async stop(): Promise<void> {
    this.ending.abort();
    await this.working;
    await this.leave();
  }

  /** Messages that the group has not handled; control records count until they are passed. */
  async lag(): Promise<number> {
    let lag = 0n;
    let own = 0n;
    for (const topic of this.topics) {
      const { low, high } = await this.surroundings.offsets.ends(topic);
      const committed = await this.surroundings.offsets.committed(this.consumer.name, topic);
      const published = this.surroundings.published(topic);
      for (const [partition, visible] of high) {
        const sent = published.get(partition) ?? 0n;
        const end = sent > visible ? sent : visible;
        const next =
          this.partitions.get(partition)?.next(topic) ?? committed.get(partition) ?? low.get(partition) ?? 0n;
        if (end <= next) continue;
        lag += end - next;
        if (this.assigned[topic]?.includes(partition)) own += end - next;
      }
    }
    this.isBehind = own > 0n;
    this.lastLag = Number(lag);
    return this.lastLag;
  }

  /** Waits until Kafka is there, then joins; from there on kafkajs joins again by itself. */
  private async join(): Promise<void> {
    const { ready, onInterrupted } = this.surroundings;
    const { signal } = this.ending;
    for (let pauseMs = 100; !signal.aborted; pauseMs = Math.min(2 * pauseMs, LONGEST_PAUSE_MS)) {
      try {
        await ready();
        await this.run();
        return;
      } catch (error) {
        await this.leave();
        if (!passes(error)) {
          this.stopFor(asError(error));
          return;
        }
        onInterrupted(this.consumer.name, asError(error));
        await pause(pauseMs, signal);
      }
    }
  }

  private async run(): Promise<void> {
    const { kafka, times } = this.surroundings;
    const client = kafka.consumer({
      groupId: this.consumer.name,
      sessionTimeout: times.sessionTimeoutMs,
      heartbeatInterval: times.heartbeatMs,
      rebalanceTimeout: times.rebalanceTimeoutMs,
      maxWaitTimeInMs: MAX_WAIT_MS,
      allowAutoTopicCreation: false,
      partitionAssigners: [coPartitioned],
      retry: { initialRetryTime: 100, maxRetryTime: LONGEST_PAUSE_MS, retries: 8 },
    });
    this.client = client;
    this.listen(client);
    await client.connect();
    await client.subscribe({ topics: [...this.topics], fromBeginning: true });
    await client.run({
      autoCommit: false,
      eachBatchAutoResolve: false,
      // A partition that waits shall hold up no other.
      partitionsConsumedConcurrently: this.topics.length * PARTITIONS,
      eachBatch: (payload) => this.eachBatch(payload),
    });
  }

  private listen(client: Consumer): void {
    const { GROUP_JOIN, REBALANCING, CRASH, END_BATCH_PROCESS } = client.events;
    client.on(GROUP_JOIN, ({ payload }) => {
      // What was done under the former assignment others may have done again since.
      for (const work of this.partitions.values()) work.forget();
      this.assigned = payload.memberAssignment;
      this.watchdog.moved();
    });
    client.on(REBALANCING, () => {
      this.assigned = {};
    });
    client.on(CRASH, ({ payload: { error, restart } }) => {
      // With a restart kafkajs goes on; without one nobody would, and nobody would know.
      if (restart) this.surroundings.onInterrupted(this.consumer.name, error);
      else this.stopFor(error);
    });
    client.on(END_BATCH_PROCESS, ({ payload: { topic, partition, batchSize, lastOffset } }) => {
      // Marks of transactions and what was aborted reach no handler; who asks for the lag shall not wait for them.
      if (batchSize === 0) void this.passOver(client, topic, partition, BigInt(lastOffset) + 1n);
    });
  }

  private async passOver(client: Consumer, topic: string, partition: number, offset: bigint): Promise<void> {
    this.partition(partition).reached(topic, offset);
    // Another commit follows with the next message; a failed one costs nothing but a figure.
    await client.commitOffsets([{ topic, partition, offset: String(offset) }]).catch(() => undefined);
  }

  private async eachBatch(payload: EachBatchPayload): Promise<void> {
    const outcome = await this.partition(payload.batch.partition).take(payload, this.ending.signal);
    if (outcome.kind === 'done') return;
    if (outcome.kind === 'broken') {
      this.stopFor(outcome.error);
      return;
    }
    const resume = payload.pause();
    void pause(outcome.pauseMs, this.ending.signal).then(resume);
  }

  private partition(partition: number): PartitionWork {
    const known = this.partitions.get(partition);
    if (known) return known;
    const made = new PartitionWork(this.consumer, partition, this.surroundings, (eventTime) => {
      this.watchdog.moved();
      if (eventTime !== undefined) this.handledUpTo = Date.parse(eventTime);
    });
    this.partitions.set(partition, made);
    return made;
  }

  private async poll(): Promise<void> {
    const { signal } = this.ending;
    while (!signal.aborted) {
      await pause(this.surroundings.times.pollMs, signal);
      await this.look(signal);
    }
  }

  /** Requests of operators, and the watchdog. */
  private async look(signal: AbortSignal): Promise<void> {
    if (signal.aborted) return;
    const { storage, onInterrupted, onStalled } = this.surroundings;
    const { name } = this.consumer;
    try {
      const asked = (await storage.parkedKeys(name)).filter(({ retry }) => retry);
      for (const partition of new Set(Object.values(this.assigned).flat())) {
        const work = this.partition(partition);
        if (asked.some(({ key }) => work.holds(key))) await work.retryAsked(signal);
      }
      const stalled = await this.watchdog.look();
      if (stalled !== undefined) onStalled(name, stalled);
    } catch (error) {
      onInterrupted(name, asError(error));
    }
  }

  private stopFor(error: Error): void {
    if (this.failure) return;
    this.failure = error;
    this.ending.abort();
    void this.leave();
    this.surroundings.onStopped(this.consumer.name, error);
  }

  private async leave(): Promise<void> {
    const { client } = this;
    this.client = undefined;
    await client?.disconnect().catch(() => undefined);
  }
}
