import { crc32c } from './crc32c';

/** What stands at the head of a batch. */
export interface BatchHead {
  readonly transactional: boolean;
  readonly producerId: bigint;
  readonly producerEpoch: number;
  /** The number of the first record in all that this producer sends to the partition. */
  readonly firstSequence: number;
  /** Milliseconds since 1970. */
  readonly timestamp: number;
}

export interface Compression {
  /** As Kafka counts them. */
  readonly type: number;
  readonly compress: (records: Buffer) => Promise<Buffer>;
}

const HEAD_BYTES = 61;
const LENGTH_AT = 8;
const EPOCH_AT = 12;
const MAGIC_AT = 16;
const CRC_AT = 17;
const ATTRIBUTES_AT = 21;
const MAGIC = 2;
const TRANSACTIONAL = 16;
/** Attributes and time of a record before its place, and the count of its headers at its end: a byte each, all 0. */
const FIXED_BYTES = 3;
/** Of four numbers that are no larger than a buffer. */
const MOST_VARINT_BYTES = 20;
const FIRST_BYTES = 1_024;

/**
 * Records of one partition as Kafka keeps them (record batch, version 2), without headers, all of one time. They are
 * written here one behind the other as they come: an object for each, kept until it is sent, costs more than the rest.
 */
export class RecordBatch {
  count = 0;
  private bytes = Buffer.allocUnsafeSlow(FIRST_BYTES);
  private end = HEAD_BYTES;

  /** Before any compression. */
  get size(): number {
    return this.end;
  }

  add(key: Uint8Array, value: Uint8Array | string): void {
    const { count } = this;
    const length = typeof value === 'string' ? Buffer.byteLength(value) : value.length;
    const sizes = sizeOfVarint(count) + sizeOfVarint(key.length) + sizeOfVarint(length);
    this.makeRoom(MOST_VARINT_BYTES + FIXED_BYTES + key.length + length);
    this.varint(FIXED_BYTES + sizes + key.length + length);
    this.bytes[this.end++] = 0;
    this.bytes[this.end++] = 0;
    this.varint(count);
    this.varint(key.length);
    this.put(key);
    this.varint(length);
    if (typeof value === 'string') this.end += this.bytes.write(value, this.end);
    else this.put(value);
    this.bytes[this.end++] = 0;
    this.count++;
  }

  /** As it goes into a request. It may be asked for again, where a request has to be repeated. */
  async sealed(head: BatchHead, compression?: Compression): Promise<Buffer> {
    const records = this.bytes.subarray(HEAD_BYTES, this.end);
    if (!compression) return this.headed(this.bytes.subarray(0, this.end), head, 0);
    const compressed = await compression.compress(records);
    return this.headed(Buffer.concat([Buffer.alloc(HEAD_BYTES), compressed]), head, compression.type);
  }

  private headed(batch: Buffer, head: BatchHead, compression: number): Buffer {
    const timestamp = BigInt(head.timestamp);
    let at = ATTRIBUTES_AT;
    at = batch.writeInt16BE(compression | (head.transactional ? TRANSACTIONAL : 0), at);
    at = batch.writeInt32BE(this.count - 1, at);
    at = batch.writeBigInt64BE(timestamp, at);
    at = batch.writeBigInt64BE(timestamp, at);
    at = batch.writeBigInt64BE(head.producerId, at);
    at = batch.writeInt16BE(head.producerEpoch, at);
    at = batch.writeInt32BE(head.firstSequence, at);
    batch.writeInt32BE(this.count, at);
    batch.writeBigInt64BE(0n, 0);
    batch.writeInt32BE(batch.length - EPOCH_AT, LENGTH_AT);
    batch.writeInt32BE(0, EPOCH_AT);
    batch.writeInt8(MAGIC, MAGIC_AT);
    batch.writeUInt32BE(crc32c(batch.subarray(ATTRIBUTES_AT)), CRC_AT);
    return batch;
  }

  private makeRoom(bytes: number): void {
    const needed = this.end + bytes;
    if (needed <= this.bytes.length) return;
    const larger = Buffer.allocUnsafeSlow(Math.max(needed, 2 * this.bytes.length));
    this.bytes.copy(larger, 0, 0, this.end);
    this.bytes = larger;
  }

  private put(bytes: Uint8Array): void {
    this.bytes.set(bytes, this.end);
    this.end += bytes.length;
  }

  /** Of a number that is not negative: zigzag doubles it, seven bits go into a byte. */
  private varint(value: number): void {
    let rest = value << 1;
    for (; rest > 0x7f; rest >>>= 7) this.bytes[this.end++] = (rest & 0x7f) | 0x80;
    this.bytes[this.end++] = rest;
  }
}

function sizeOfVarint(value: number): number {
  let bytes = 1;
  for (let rest = value >>> 6; rest > 0; rest >>>= 7) bytes++;
  return bytes;
}
