import { Kafka, logLevel, type KafkaConfig } from 'kafkajs';
import { registerCodecs } from './compression';
import { quietIdleTimer } from './idle-timer';
import { sendWrittenBatches } from './produce-request';

export interface KafkaConnection extends Pick<KafkaConfig, 'clientId' | 'ssl' | 'sasl' | 'retry'> {
  /** `host:port` each. */
  readonly brokers: string[];
}

/** `onLog` gets what kafkajs finds worth a warning; what it tries again by itself is among it. */
export function createKafka(connection: KafkaConnection, onLog: (message: string) => void = () => undefined): Kafka {
  quietIdleTimer();
  registerCodecs();
  sendWrittenBatches();
  return new Kafka({
    clientId: 'muster',
    ...connection,
    connectionTimeout: 3_000,
    logLevel: logLevel.WARN,
    logCreator:
      () =>
      ({ namespace, log }) => {
        onLog(`${namespace}: ${log.message}`);
      },
  });
}
