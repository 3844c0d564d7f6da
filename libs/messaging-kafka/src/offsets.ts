import type { Admin, Kafka } from 'kafkajs';

/** Where the next message of each partition of a topic would be, or is awaited; by partition. */
export type Offsets = ReadonlyMap<number, bigint>;

/** Asks the broker how far topics and groups are. */
export class OffsetReader {
  private admin: Promise<Admin> | undefined;

  constructor(private readonly kafka: Kafka) {}

  ends(topic: string): Promise<{ readonly low: Offsets; readonly high: Offsets }> {
    return this.asking(async (admin) => {
      const partitions = await admin.fetchTopicOffsets(topic);
      return {
        low: new Map(partitions.map(({ partition, low }) => [partition, BigInt(low)])),
        high: new Map(partitions.map(({ partition, high }) => [partition, BigInt(high)])),
      };
    });
  }

  /** What the group has committed; partitions of which it has committed nothing are left out. */
  committed(groupId: string, topic: string): Promise<Offsets> {
    return this.asking(async (admin) => {
      const [found] = await admin.fetchOffsets({ groupId, topics: [topic] });
      const partitions = (found?.partitions ?? []).map(({ partition, offset }) => [partition, BigInt(offset)] as const);
      return new Map(partitions.filter(([, offset]) => offset >= 0n));
    });
  }

  /** One connection for all questions; after a failure the next question makes a new one. */
  async asking<T>(question: (admin: Admin) => Promise<T>): Promise<T> {
    const connecting = (this.admin ??= this.connect());
    try {
      return await question(await connecting);
    } catch (error) {
      if (this.admin === connecting) await this.close();
      throw error;
    }
  }

  async close(): Promise<void> {
    const closing = this.admin;
    this.admin = undefined;
    await closing?.then((admin) => admin.disconnect()).catch(() => undefined);
  }

  private async connect(): Promise<Admin> {
    const admin = this.kafka.admin({ retry: { retries: 2 } });
    try {
      await admin.connect();
      return admin;
    } catch (error) {
      await admin.disconnect().catch(() => undefined);
      throw error;
    }
  }
}
