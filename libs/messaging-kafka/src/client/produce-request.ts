import { CompressionCodecs, CompressionTypes, type Message } from 'kafkajs';
import Encoder from 'kafkajs/src/protocol/encoder';
import Produce from 'kafkajs/src/protocol/requests/produce';
import type { Compression, RecordBatch } from './record-batch';

/** For kafkajs one message, alone in its send; on the wire all records of a batch. */
export interface BatchMessage extends Message {
  readonly batch: RecordBatch;
  /** Counted by whoever sends: kafkajs would count one. */
  readonly firstSequence: number;
}

const stock = Produce.protocol;
/** Of the protocol, from which on there are record batches. kafkajs 2.2.4 knows up to 7: nothing else is written there. */
const FIRST_WITH_BATCHES = 3;
const ROOM_FOR_NAMES = 1_024;

/**
 * kafkajs 2.2.4 writes each record into a buffer of its own, number by number, and copies the list of messages once for
 * each of them: most of what a message costs. This teaches it to send batches that are written already.
 */
export function sendWrittenBatches(): void {
  Produce.protocol = ({ version }) =>
    version < FIRST_WITH_BATCHES ? stock({ version }) : takingBatches(stock({ version }));
}

export function isBatchMessage(message: Message): message is BatchMessage {
  return 'batch' in message;
}

function takingBatches(protocol: Produce.Protocol): Produce.Protocol {
  return (parameters) => {
    const made = protocol(parameters);
    const [topic, ...otherTopics] = parameters.topicData;
    const [partition, ...otherPartitions] = topic?.partitions ?? [];
    const [message, ...otherMessages] = partition?.messages ?? [];
    if (!topic || !partition || !message || !isBatchMessage(message)) return made;
    if (otherTopics.length + otherPartitions.length + otherMessages.length > 0) {
      throw new Error(`${topic.topic}: a written batch is sent with something else`);
    }
    const encode = (): Promise<Encoder> => encoded(parameters, topic.topic, partition.partition, message);
    return { ...made, request: { ...made.request, encode } };
  };
}

async function encoded(
  parameters: Produce.Parameters,
  topic: string,
  partition: number,
  { batch, firstSequence }: BatchMessage,
): Promise<Encoder> {
  const { acks, timeout, transactionalId = null, producerEpoch, compression = CompressionTypes.None } = parameters;
  const producerId = BigInt(String(parameters.producerId));
  const head = { transactional: transactionalId !== null, producerId, producerEpoch, firstSequence };
  const bytes = await batch.sealed({ ...head, timestamp: Date.now() }, compressionOf(compression));
  return new Encoder(bytes.length + ROOM_FOR_NAMES)
    .writeString(transactionalId)
    .writeInt16(acks)
    .writeInt32(timeout)
    .writeInt32(1)
    .writeString(topic)
    .writeInt32(1)
    .writeInt32(partition)
    .writeBytes(bytes);
}

function compressionOf(type: CompressionTypes): Compression | undefined {
  if (type === CompressionTypes.None) return undefined;
  const codec = CompressionCodecs[type]() as { compress(encoder: { buffer: Buffer }): Promise<Buffer> };
  return { type, compress: (buffer) => codec.compress({ buffer }) };
}
