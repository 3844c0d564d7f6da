import { withTransaction } from '@muster/postgres';
import type { Pool } from 'pg';
import type { SnapshotRead, SnapshotStore, SnapshotToWrite } from './snapshots';

/** Block number of the head's row. */
const HEAD = -1;

/** Run once in the schema of the context; {@link PostgresSnapshots} finds the table by the pool's search path. */
export const SNAPSHOT_DDL = `
CREATE TABLE IF NOT EXISTS snapshot (
  stream   text COLLATE "C" NOT NULL,
  block    integer NOT NULL,
  revision bigint NOT NULL,
  version  integer NOT NULL,
  bytes    bytea NOT NULL,
  PRIMARY KEY (stream, block)
);
ALTER TABLE snapshot ALTER COLUMN bytes SET STORAGE EXTERNAL;
`;

interface Row {
  readonly block: number;
  readonly revision: string;
  readonly version: number;
  readonly bytes: Buffer;
}

/** Snapshots in the table `snapshot` of the context's schema: a row per block, and row -1 for the head. */
export class PostgresSnapshots implements SnapshotStore {
  constructor(private readonly pool: Pool) {}

  async read(stream: string, blocks: readonly number[] | 'all'): Promise<SnapshotRead | null> {
    // One statement sees one moment: a head and blocks of different snapshots never meet.
    const { rows } = await this.pool.query<Row>(
      `SELECT block, revision, version, bytes FROM snapshot
       WHERE stream = $1 AND ($2::integer[] IS NULL OR block = ${String(HEAD)} OR block = ANY ($2::integer[]))`,
      [stream, blocks === 'all' ? null : blocks],
    );
    const head = rows.find((row) => row.block === HEAD);
    if (!head) return null;
    return {
      revision: Number(head.revision),
      version: head.version,
      head: head.bytes,
      blocks: new Map(rows.filter((row) => row !== head).map((row) => [row.block, row.bytes])),
    };
  }

  write(snapshot: SnapshotToWrite): Promise<boolean> {
    const { stream, base, revision, version, head, blocks } = snapshot;
    return withTransaction(this.pool, async (client) => {
      const headBytes = Buffer.from(head);
      // The head's row is the lock and the fence: a writer that comes late changes nothing.
      const written =
        base < 0
          ? await client.query(
              `INSERT INTO snapshot AS kept (stream, block, revision, version, bytes) VALUES ($1, ${String(HEAD)}, $2, $3, $4)
               ON CONFLICT (stream, block) DO UPDATE
               SET revision = excluded.revision, version = excluded.version, bytes = excluded.bytes
               WHERE kept.version <> excluded.version OR kept.revision < excluded.revision`,
              [stream, revision, version, headBytes],
            )
          : await client.query(
              `UPDATE snapshot SET revision = $2, bytes = $4
               WHERE stream = $1 AND block = ${String(HEAD)} AND version = $3 AND revision >= $5 AND revision < $2`,
              [stream, revision, version, headBytes, base],
            );
      if (written.rowCount !== 1) return false;
      if (base < 0) await client.query(`DELETE FROM snapshot WHERE stream = $1 AND block <> ${String(HEAD)}`, [stream]);
      await client.query(
        `INSERT INTO snapshot (stream, block, revision, version, bytes)
         SELECT $1, changed.block, $2, $3, changed.bytes FROM unnest($4::integer[], $5::bytea[]) AS changed (block, bytes)
         ON CONFLICT (stream, block) DO UPDATE
         SET revision = excluded.revision, version = excluded.version, bytes = excluded.bytes`,
        [stream, revision, version, [...blocks.keys()], [...blocks.values()].map((bytes) => Buffer.from(bytes))],
      );
      return true;
    });
  }

  async remove(stream: string): Promise<void> {
    await this.pool.query('DELETE FROM snapshot WHERE stream = $1', [stream]);
  }
}
