import type { Position } from '@muster/event-store';
import type { Checkpoint, ConsumerStorage } from '@muster/messaging';
import { asError } from '@muster/postgres';
import { inSpans } from '@muster/tracing';
import { Outbox, type Keyed, type Load } from './outbox';
import type { SentTo, TransactionalProducer } from './transactional-producer';

/** Between these a relay can die: for tests of what happens then. */
export type RelayStep = 'opened' | 'before-send' | 'before-commit' | 'before-checkpoint' | 'after-checkpoint';

export interface PublishingSurroundings {
  /** The name of the checkpoint. */
  readonly relay: string;
  readonly topic: string;
  readonly producer: Pick<TransactionalProducer, 'send'>;
  readonly storage: Pick<ConsumerStorage, 'move'>;
  /** Messages in one transaction, about. */
  readonly transactionMessages: number;
  readonly at: (step: RelayStep) => Promise<void>;
  /** Everything up to here is published, and the offsets after the last that was sent of some partitions. */
  readonly onPublished: (upTo: Position, sentTo: SentTo, messages: number) => void;
}

/** Of one transaction: what is gathered while the one before is sent lies in memory. */
const TRANSACTION_BYTES = 16 * 1024 * 1024;
/** While catching up, messages wait so long at most for others to share their transaction. */
const GATHER_MS = 100;
/** Where nothing is sent the checkpoint follows now and then, so that a restart has little to look at again. */
const QUIET_MS = 1_000;

/**
 * What an owner of a relay publishes, from taking over until it fails or ends: one transaction at a time, and after each
 * the checkpoint. What comes meanwhile is gathered for the next: a commit takes as long for one message as for thousands.
 */
export class Publishing {
  private readonly outbox: Outbox;
  /** The transaction that is on its way. Never rejects. */
  private sending: Promise<void> = Promise.resolve();
  /** Resolves when what is gathered is on its way; undefined where nobody has asked for that. */
  private leaving: Promise<void> | undefined;
  private gathering: NodeJS.Timeout | undefined;
  /** What was scanned and published nothing is stored a moment later: nothing else would do it on a quiet log. */
  private quiet: NodeJS.Timeout | undefined;
  private readonly breaking = new AbortController();
  private failure: Error | undefined;
  private movedAt = 0;
  /** Something was sent that the checkpoint does not cover. */
  private ahead = false;

  constructor(
    private checkpoint: Checkpoint,
    private readonly surroundings: PublishingSurroundings,
  ) {
    this.outbox = new Outbox(checkpoint.position);
  }

  /** Aborts when something could not be sent: `settled` then rejects. */
  get failed(): AbortSignal {
    return this.breaking.signal;
  }

  /** More is gathered than one transaction takes: wait for `room`. In the middle of one stored event too. */
  get isFull(): boolean {
    return this.outbox.size >= this.surroundings.transactionMessages || this.outbox.bytes >= TRANSACTION_BYTES;
  }

  /** `traceparent`: the trace of the stored event that became these messages. */
  add(messages: readonly Keyed[], traceparent?: string): void {
    this.outbox.add(messages, traceparent);
  }

  /** What a stored event became was added, all of it. */
  reached(position: Position): void {
    this.outbox.reached(position);
  }

  /** A batch ends. Where more is to be had at once, what it became may wait for that; else for nothing. */
  scanned(to: Position, caughtUp: boolean): void {
    this.outbox.reached(to);
    if (caughtUp) void this.send();
    else this.gathering ??= setTimeout(() => void this.send(), GATHER_MS);
  }

  /** Resolves when what is gathered is on its way. */
  async room(): Promise<void> {
    await this.send();
    if (this.failure) throw this.failure;
  }

  /** Resolves when what is gathered is published, but for what ends in the middle of a stored event. */
  async settled(): Promise<void> {
    if (!this.outbox.broken) await this.send();
    await this.ended();
    if (this.failure) throw this.failure;
  }

  /** Resolves when nothing is on its way any more. */
  async ended(): Promise<void> {
    clearTimeout(this.gathering);
    await this.leaving;
    await this.sending;
    clearTimeout(this.quiet);
  }

  private send(): Promise<void> {
    this.leaving ??= this.sending.then(() => {
      this.leaving = undefined;
      clearTimeout(this.gathering);
      this.gathering = undefined;
      if (this.failure) return;
      this.sending = this.publish(this.outbox.take()).catch((error: unknown) => {
        this.failure = asError(error);
        this.breaking.abort();
      });
    });
    return this.leaving;
  }

  private async publish(load: Load): Promise<void> {
    const { size, upTo, broken } = load;
    const sentTo = size > 0 ? await this.transact(load) : new Map<number, bigint>();
    if (upTo !== this.checkpoint.position) await this.move(upTo, broken);
    this.surroundings.onPublished(upTo, sentTo, size);
  }

  private async transact({ lanes, size, traces }: Load): Promise<SentTo> {
    const { topic, producer, at } = this.surroundings;
    const span = { name: `publish ${topic}`, kind: 'out', attributes: { 'muster.messages': size } } as const;
    await at('before-send');
    const sentTo = await inSpans({ ...span, from: () => traces }, () =>
      producer.send(lanes, () => at('before-commit')),
    );
    await at('before-checkpoint');
    this.ahead = true;
    return sentTo;
  }

  private async move(upTo: Position, broken: boolean): Promise<void> {
    const { relay, storage, at } = this.surroundings;
    clearTimeout(this.quiet);
    if (!this.ahead && performance.now() - this.movedAt < QUIET_MS) {
      this.quiet = setTimeout(() => void this.send(), QUIET_MS);
      return;
    }
    await storage.move(relay, this.checkpoint, upTo);
    this.checkpoint = { ...this.checkpoint, position: upTo };
    this.movedAt = performance.now();
    if (this.ahead) await at('after-checkpoint');
    this.ahead = broken;
  }
}
