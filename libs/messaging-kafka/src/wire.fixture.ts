import { connect, type Socket } from 'node:net';
import type { ISocketFactory } from 'kafkajs';

const PRODUCE = 0;
const INIT_PRODUCER_ID = 22;
const END_TXN = 26;
const NAMES: ReadonlyMap<number, string> = new Map([
  [PRODUCE, 'Produce'],
  [INIT_PRODUCER_ID, 'InitProducerId'],
  [END_TXN, 'EndTxn'],
]);

/** A request for records, as it was on the wire. */
export interface Produced {
  readonly topic: string;
  readonly partitions: readonly number[];
  readonly records: number;
  readonly producerId: bigint;
  readonly producerEpoch: number;
  /** Requests to the same partition that had no answer yet. */
  readonly others: number;
}

/** Sees what goes over the connections of a client, and cuts them where a test wants that. */
export class Wire {
  readonly produced: Produced[] = [];
  /** Which of these were sent, in their order; each run of the same once. */
  readonly sent: string[] = [];
  /** How many more of these requests are followed by the end of their connection, before an answer can come. */
  readonly cuts = { InitProducerId: 0, EndTxn: 0 };
  /** Topic and partitions of the requests that have no answer, by socket and correlation. */
  private readonly open = new Map<string, string>();
  private sockets = 0;

  readonly socketFactory: ISocketFactory = ({ host, port, onConnect }) => {
    const socket = connect(port, host, onConnect);
    const number = this.sockets++;
    const write = socket.write.bind(socket) as (bytes: Buffer, encoding: BufferEncoding) => boolean;
    socket.write = (bytes: Uint8Array | string, encoding?: unknown) => {
      const request = Buffer.from(bytes as Uint8Array);
      const answer = write(request, encoding as BufferEncoding);
      this.saw(request, number, socket);
      return answer;
    };
    let rest = Buffer.alloc(0);
    socket.on('data', (chunk: Buffer) => {
      rest = Buffer.concat([rest, chunk]);
      for (
        ;
        rest.length >= 8 && rest.length >= 4 + rest.readInt32BE(0);
        rest = rest.subarray(4 + rest.readInt32BE(0))
      ) {
        this.open.delete(`${String(number)}/${String(rest.readInt32BE(4))}`);
      }
    });
    return socket;
  };

  private saw(request: Buffer, number: number, socket: Socket): void {
    const name = NAMES.get(request.readInt16BE(4));
    if (name === undefined) return;
    if (this.sent.at(-1) !== name) this.sent.push(name);
    if (name === 'Produce') this.sawRecords(request, `${String(number)}/${String(request.readInt32BE(8))}`);
    else if (this.cuts[name as 'EndTxn']-- > 0) socket.destroy(new Error('the connection was cut'));
  }

  /** Version 3 to 7: client, transactional id, acks, time-out, then topics with their partitions and batches. */
  private sawRecords(request: Buffer, place: string): void {
    let at = 12;
    const int16 = (): number => request.readInt16BE((at += 2) - 2);
    const int32 = (): number => request.readInt32BE((at += 4) - 4);
    const text = (): string => {
      const length = Math.max(0, int16());
      return request.toString('utf8', at, (at += length));
    };
    text();
    text();
    at += 6;
    for (let topics = int32(); topics > 0; topics--) {
      const topic = text();
      const partitions: number[] = [];
      let [records, producerId, producerEpoch, others] = [0, 0n, 0, 0];
      for (let count = int32(); count > 0; count--) {
        const partition = int32();
        const lane = `${topic}/${String(partition)}`;
        others += [...this.open.values()].filter((other) => other === lane).length;
        this.open.set(place, lane);
        partitions.push(partition);
        const size = int32();
        producerId = request.readBigInt64BE(at + 43);
        producerEpoch = request.readInt16BE(at + 51);
        records += request.readInt32BE(at + 57);
        at += size;
      }
      this.produced.push({ topic, partitions, records, producerId, producerEpoch, others });
    }
  }
}
