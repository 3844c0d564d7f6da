import { createTestDatabase, type TestDatabase } from '@muster/embedded/testing';
import { createPool } from '@muster/postgres';
import { MemoryEventStore } from '@muster/event-store-memory';
import { randomUUID } from 'node:crypto';
import type { Pool } from 'pg';
import { contextWith, countingSet } from './counting-set';
import { EventSourcedAggregates } from './event-sourced-aggregates';
import { PostgresSnapshots, SNAPSHOT_DDL } from './postgres-snapshots';
import { MemorySnapshots, type SnapshotStore, type SnapshotToWrite } from './snapshots';

jest.setTimeout(60_000);

let database: TestDatabase;
let pool: Pool;

beforeAll(async () => {
  database = await createTestDatabase();
  pool = createPool({ connectionString: database.connectionString });
  await pool.query(SNAPSHOT_DDL);
  await pool.query(SNAPSHOT_DDL);
});
afterAll(async () => {
  await pool.end();
  await database.drop();
});

const bytes = (text: string): Uint8Array => Buffer.from(text);

describe.each<[string, () => SnapshotStore]>([
  ['in memory', () => new MemorySnapshots()],
  ['in Postgres', () => new PostgresSnapshots(pool)],
])('snapshots %s', (_, open) => {
  let snapshots: SnapshotStore;
  let stream: string;
  beforeEach(() => {
    snapshots = open();
    stream = `set-${randomUUID()}`;
  });

  const write = (base: number, revision: number, blocks: Record<number, string>, version = 1) => {
    const changed = new Map(Object.entries(blocks).map(([block, text]) => [Number(block), bytes(text)]));
    const snapshot: SnapshotToWrite = {
      stream,
      base,
      revision,
      version,
      head: bytes(`h${String(revision)}`),
      blocks: changed,
    };
    return snapshots.write(snapshot);
  };
  const read = async (blocks: readonly number[] | 'all') => {
    const found = await snapshots.read(stream, blocks);
    if (!found) return null;
    const texts = [...found.blocks].map(([block, content]) => [block, Buffer.from(content).toString()] as const);
    return {
      revision: found.revision,
      version: found.version,
      head: Buffer.from(found.head).toString(),
      blocks: Object.fromEntries(texts),
    };
  };

  it('hold nothing of a stream that was never written', async () => {
    expect(await read('all')).toBeNull();
  });

  it('give back the head and the asked-for blocks, bytes of every value', async () => {
    const every = Buffer.from(Array.from({ length: 256 }, (_value, i) => i));
    await snapshots.write({ stream, base: -1, revision: 3, version: 1, head: every, blocks: new Map([[7, every]]) });
    const found = await snapshots.read(stream, [7, 8]);
    expect([Buffer.from(found!.head), Buffer.from(found!.blocks.get(7)!)]).toEqual([every, every]);
    expect([...found!.blocks.keys()]).toEqual([7]);
    expect([...(await snapshots.read(stream, []))!.blocks]).toEqual([]);
  });

  it('keep the blocks that a later snapshot does not name', async () => {
    expect(await write(-1, 3, { 1: 'a', 2: 'b' })).toBe(true);
    expect(await write(3, 5, { 2: 'c', 4: 'd' })).toBe(true);
    expect(await read('all')).toEqual({ revision: 5, version: 1, head: 'h5', blocks: { 1: 'a', 2: 'c', 4: 'd' } });
  });

  it('refuse a writer that comes late', async () => {
    await write(-1, 5, { 1: 'new' });
    expect(await write(-1, 4, { 1: 'old', 2: 'old' })).toBe(false);
    expect(await write(-1, 5, { 1: 'old' })).toBe(false);
    expect(await read('all')).toMatchObject({ revision: 5, blocks: { 1: 'new' } });
  });

  it('refuse a writer whose base was lost, as it names only some of the blocks', async () => {
    expect(await write(3, 5, { 1: 'a' })).toBe(false);
    await write(-1, 2, { 1: 'a' });
    expect(await write(3, 5, { 1: 'b' })).toBe(false);
    expect(await read('all')).toMatchObject({ revision: 2 });
  });

  it('of another version give way to a whole one and to nothing else', async () => {
    await write(-1, 9, { 1: 'v1', 2: 'v1' });
    expect(await write(9, 12, { 1: 'v2' }, 2)).toBe(false);
    expect(await write(-1, 4, { 2: 'v2' }, 2)).toBe(true);
    expect(await read('all')).toEqual({ revision: 4, version: 2, head: 'h4', blocks: { 2: 'v2' } });
  });

  it('are gone once removed', async () => {
    await write(-1, 3, { 1: 'a' });
    await snapshots.remove(stream);
    expect(await read('all')).toBeNull();
  });

  it('let a new process go on where the last one was', async () => {
    const store = new MemoryEventStore();
    const ids = { next: () => randomUUID() };
    const start = () => new EventSourcedAggregates(store, ids, snapshots, { snapshotEveryEvents: 4 });
    const id = stream.slice('set-'.length);
    const first = start();
    for (let i = 0; i < 10; i++) {
      await first.handleBlocks(countingSet, id, { type: 'Toggle', numbers: [i, 10 + i] }, contextWith());
      await first.settled();
    }
    const read = jest.spyOn(store, 'readStream');
    const { blocks, revision } = await start().loadBlocks(countingSet, id, [1]);
    expect(revision).toBe(19);
    expect(blocks.get(1)).toEqual({ numbers: [10, 11, 12, 13, 14, 15, 16, 17, 18, 19] });
    for (const [, options] of read.mock.calls) expect(options?.from).toBeGreaterThanOrEqual(16);
  });
});
