import type { ConsumerStorage, DeliveryRules } from '@muster/messaging';
import type { Kafka } from 'kafkajs';
import type { DeadLetters } from './dead-letters';
import type { OffsetReader } from './offsets';
import type { EventCheck } from './read-message';
import type { SentTo } from './transactional-producer';

export interface GroupTimes {
  /** A member that is silent for so long is out of the group. */
  readonly sessionTimeoutMs: number;
  readonly heartbeatMs: number;
  readonly rebalanceTimeoutMs: number;
  /** How often requests of operators are looked for. */
  readonly pollMs: number;
  /** The watchdog's patience. */
  readonly stallMs: number;
}

export interface GroupSurroundings extends DeliveryRules {
  readonly kafka: Kafka;
  readonly storage: ConsumerStorage;
  readonly offsets: OffsetReader;
  readonly deadLetters: DeadLetters;
  /**
   * How far this process has published in a topic: kafkajs asks for ends as `read_committed` sees them, which for a moment
   * are those before the last transaction.
   */
  readonly published: (topic: string) => SentTo;
  /** Resolves when the topics are as declared. */
  readonly ready: () => Promise<void>;
  readonly check: EventCheck;
  /** Messages after which the offset is committed. */
  readonly batchEvents: number;
  readonly times: GroupTimes;
  readonly onBatch: (consumer: string, messages: number) => void;
  readonly onDeadLetter: (consumer: string, topic: string, offset: string, reason: string) => void;
  readonly onStopped: (consumer: string, error: Error) => void;
  readonly onStalled: (consumer: string, lagEvents: number) => void;
}
