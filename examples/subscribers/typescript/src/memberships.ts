import type { Group } from '@muster/contracts';
import type { Pool, PoolClient } from 'pg';
import { isNew, originOf, type Mark } from './marks';

/** The tables of this program: who is in which campaign, how far each stream was read, and what could not be read. */
export const TABLES = `
  CREATE TABLE IF NOT EXISTS member (
    campaign uuid, database uuid, profile bigint, external_id text, in_group text NOT NULL,
    PRIMARY KEY (campaign, profile)
  );
  CREATE TABLE IF NOT EXISTS mark (
    topic text, partition int, stream text, revision bigint NOT NULL, n bigint NOT NULL,
    PRIMARY KEY (topic, partition, stream)
  );
  CREATE TABLE IF NOT EXISTS unreadable (
    topic text, partition int, at bigint, reason text NOT NULL,
    PRIMARY KEY (topic, partition, at)
  );
`;

export interface Member {
  readonly campaign: string;
  readonly database: string;
  readonly profile: number;
  readonly externalId: string | null;
  /** Null: it is in the campaign no more. */
  readonly group: Group | null;
}

/** One batch of one partition: its effects, its marks and what was unreadable are written together, or not at all. */
export class Batch {
  private readonly members = new Map<string, Member>();
  private readonly moved = new Map<string, Mark>();
  private readonly unreadable: { at: string; reason: string }[] = [];

  private constructor(
    private readonly client: PoolClient,
    private readonly topic: string,
    private readonly partition: number,
    private readonly marks: Map<string, Mark>,
  ) {}

  /** Runs `fill`, then writes. Another process that still believes the partition its own waits here, and then has nothing new. */
  static async write(pool: Pool, topic: string, partition: number, fill: (batch: Batch) => void): Promise<void> {
    const client = await pool.connect();
    try {
      await client.query('BEGIN');
      await client.query('SELECT pg_advisory_xact_lock(hashtext($1), $2)', [topic, partition]);
      const { rows } = await client.query<{ stream: string; revision: string; n: string }>(
        'SELECT stream, revision, n FROM mark WHERE topic = $1 AND partition = $2',
        [topic, partition],
      );
      const marks = rows.map(
        ({ stream, revision, n }) => [stream, { revision: Number(revision), n: Number(n) }] as const,
      );
      const batch = new Batch(client, topic, partition, new Map(marks));
      fill(batch);
      await batch.save();
      await client.query('COMMIT');
    } catch (error) {
      await client.query('ROLLBACK');
      throw error;
    } finally {
      client.release();
    }
  }

  /** Whether this event is one that had no effect yet; from now on it has. */
  isNew(id: string): boolean {
    const { stream, ...mark } = originOf(id);
    if (!isNew(mark, this.marks.get(stream))) return false;
    this.marks.set(stream, mark);
    this.moved.set(stream, mark);
    return true;
  }

  put(member: Member): void {
    this.members.set(`${member.campaign} ${String(member.profile)}`, member);
  }

  setAside(at: string, reason: string): void {
    this.unreadable.push({ at, reason });
  }

  private async save(): Promise<void> {
    const members = [...this.members.values()];
    const inside = members.filter(({ group }) => group !== null);
    const outside = members.filter(({ group }) => group === null);
    await this.client.query(
      `INSERT INTO member SELECT * FROM unnest($1::uuid[], $2::uuid[], $3::bigint[], $4::text[], $5::text[])
       ON CONFLICT (campaign, profile) DO UPDATE SET external_id = excluded.external_id, in_group = excluded.in_group`,
      columns(inside, [
        ({ campaign }) => campaign,
        ({ database }) => database,
        ({ profile }) => profile,
        ({ externalId }) => externalId,
        ({ group }) => group,
      ]),
    );
    await this.client.query(
      `DELETE FROM member USING unnest($1::uuid[], $2::bigint[]) AS gone (campaign, profile)
       WHERE member.campaign = gone.campaign AND member.profile = gone.profile`,
      columns(outside, [({ campaign }) => campaign, ({ profile }) => profile]),
    );
    await this.client.query(
      `INSERT INTO mark SELECT $1, $2, * FROM unnest($3::text[], $4::bigint[], $5::bigint[])
       ON CONFLICT (topic, partition, stream) DO UPDATE SET revision = excluded.revision, n = excluded.n`,
      [
        this.topic,
        this.partition,
        ...columns([...this.moved], [([stream]) => stream, ([, { revision }]) => revision, ([, { n }]) => n]),
      ],
    );
    await this.client.query(
      `INSERT INTO unreadable SELECT $1, $2, * FROM unnest($3::bigint[], $4::text[]) ON CONFLICT DO NOTHING`,
      [this.topic, this.partition, ...columns(this.unreadable, [({ at }) => at, ({ reason }) => reason])],
    );
  }
}

/** Rows to columns, as `unnest` takes them. */
function columns<R>(rows: readonly R[], fields: readonly ((row: R) => unknown)[]): unknown[][] {
  return fields.map((field) => rows.map(field));
}
