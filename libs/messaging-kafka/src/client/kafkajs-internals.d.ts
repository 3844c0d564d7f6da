declare module 'kafkajs/src/network/requestQueue' {
  /** What one connection has sent and not, of kafkajs 2.2.4: the parts that the idle timer hangs on. */
  class RequestQueue {
    throttledUntil: number;
    throttleCheckTimeoutId: NodeJS.Timeout | null;
    pending: unknown[];
    checkPendingRequests(): void;
    scheduleCheckPendingRequests(): void;
  }
  export = RequestQueue;
}

declare module 'kafkajs/src/protocol/encoder' {
  /** Writes a request, of kafkajs 2.2.4: the parts that are needed for one of records. */
  class Encoder {
    constructor(initialSize: number);
    readonly buffer: Buffer;
    writeInt16(value: number): this;
    writeInt32(value: number): this;
    writeString(value: string | null): this;
    writeBytes(value: Buffer): this;
  }
  export = Encoder;
}

declare module 'kafkajs/src/protocol/requests/produce' {
  import type Encoder from 'kafkajs/src/protocol/encoder';
  import type { CompressionTypes, Message } from 'kafkajs';

  /** The request that carries records, of kafkajs 2.2.4. */
  namespace Produce {
    interface Parameters {
      readonly acks: number;
      readonly timeout: number;
      readonly transactionalId?: string | null;
      readonly producerId: unknown;
      readonly producerEpoch: number;
      readonly compression?: CompressionTypes;
      readonly topicData: readonly {
        readonly topic: string;
        readonly partitions: readonly {
          readonly partition: number;
          readonly firstSequence: number;
          readonly messages: readonly Message[];
        }[];
      }[];
    }
    type Protocol = (parameters: Parameters) => {
      readonly request: { readonly encode: () => Promise<Encoder> };
      readonly response: unknown;
    };
  }
  const Produce: { protocol: (asked: { readonly version: number }) => Produce.Protocol };
  export = Produce;
}

declare module 'kafkajs/src/protocol/recordBatch/crc32C/crc32C' {
  /** For comparison in specs. */
  function crc32C(bytes: Uint8Array): number;
  export = crc32C;
}
