import type { StratumCount } from '@muster/audiences-events';
import type { PoolClient } from 'pg';
import { bytea, RowBuffer } from '../rows';
import type { AudienceHead } from './audience-head';
import { BlockState, type EncodedBlock } from './block-state';

export interface ChangeRow {
  readonly campaign_id: string;
  readonly block: number;
  readonly position: string;
  readonly database_id: string;
  readonly at: string;
  readonly cause: string;
  readonly batch: string;
  readonly epoch: number;
  readonly entered: Buffer | null;
  readonly entered_count: number;
  readonly codes: Buffer | null;
  readonly control: Buffer | null;
  readonly left_members: Buffer | null;
  readonly to_test: Buffer | null;
}

export interface LogRow {
  readonly campaign_id: string;
  readonly position: string;
  readonly at: string;
  readonly max_at: string;
  readonly actor: string;
  readonly type: string;
  readonly cause: string | null;
  readonly entered: number;
  readonly left_count: number;
  readonly changed: number;
  readonly part: boolean;
  readonly details: string;
  readonly status: string;
  readonly epoch: number;
  readonly members: number;
  readonly control: number;
}

export interface StratumRow {
  readonly campaign_id: string;
  readonly epoch: number;
  readonly code: number;
  readonly position: string;
  readonly assigned: number;
  readonly assigned_control: number;
  readonly present_test: number;
  readonly present_control: number;
}

interface PlanRow {
  readonly campaign_id: string;
  readonly run_id: string;
  readonly block: number;
  readonly newcomers: Buffer;
  readonly newcomer_count: number;
  readonly codes: Buffer;
  readonly leavers: Buffer;
  readonly leaver_count: number;
  readonly control: Buffer | null;
  readonly strata: string;
}

interface BlockRow {
  readonly campaign_id: string;
  readonly block: number;
  readonly position: string;
  readonly members: Buffer;
  readonly control: Buffer;
  readonly codes: Buffer;
  readonly epochs: Buffer;
  readonly first_epoch: number;
  readonly member_count: number;
}

interface Label {
  readonly campaignId: string;
  readonly runId: string;
  readonly block: number;
  readonly control: Buffer;
  readonly strata: string;
}

/** Where a build ends. */
export interface BuildEnd {
  readonly campaignId: string;
  readonly databaseId: string;
  readonly runId: string;
  readonly epoch: number;
  readonly position: string;
  readonly time: string;
}

/** One block of a plan at its build's end. */
export interface SettledPlan {
  readonly block: number;
  /** The newcomers' counts. */
  readonly strata: readonly StratumCount[];
  /** What is still to be done; `null` where the audience was not in the block and Postgres has copied the plan. */
  readonly members: {
    readonly newcomers: Buffer;
    readonly newcomerCount: number;
    readonly codes: Buffer;
    readonly leavers: Buffer;
    readonly control: Buffer | null;
  } | null;
}

interface LoadedBlock {
  readonly campaignId: string;
  readonly block: number;
  readonly state: BlockState;
  /** Of the last change; absent where nothing is to be written. */
  changedAt?: string;
}

const EMPTY = bytea(new BlockState().encode().members);

/** The tables of the audiences' projection, written in few large statements. */
export class AudienceTables {
  readonly changes = new RowBuffer<ChangeRow>('audience_change', {
    campaign_id: 'uuid',
    block: 'integer',
    position: 'text',
    database_id: 'uuid',
    at: 'timestamptz',
    cause: 'text',
    batch: 'text',
    epoch: 'integer',
    entered: 'bytea',
    entered_count: 'integer',
    codes: 'bytea',
    control: 'bytea',
    left_members: 'bytea',
    to_test: 'bytea',
  });
  readonly log = new RowBuffer<LogRow>('audience_log', {
    campaign_id: 'uuid',
    position: 'text',
    at: 'timestamptz',
    max_at: 'timestamptz',
    actor: 'jsonb',
    type: 'text',
    cause: 'text',
    entered: 'integer',
    left_count: 'integer',
    changed: 'integer',
    part: 'boolean',
    details: 'jsonb',
    status: 'text',
    epoch: 'integer',
    members: 'integer',
    control: 'integer',
  });
  readonly strata = new RowBuffer<StratumRow>('audience_stratum', {
    campaign_id: 'uuid',
    epoch: 'integer',
    code: 'integer',
    position: 'text',
    assigned: 'integer',
    assigned_control: 'integer',
    present_test: 'integer',
    present_control: 'integer',
  });
  readonly plans = new RowBuffer<PlanRow>('audience_plan', {
    campaign_id: 'uuid',
    run_id: 'uuid',
    block: 'integer',
    newcomers: 'bytea',
    newcomer_count: 'integer',
    codes: 'bytea',
    leavers: 'bytea',
    leaver_count: 'integer',
    control: 'bytea',
    strata: 'jsonb',
  });
  labels: Label[] = [];
  private readonly blocks = new Map<string, LoadedBlock>();

  constructor(private readonly client: PoolClient) {}

  async flush(heads: Iterable<AudienceHead>): Promise<void> {
    await this.plans.flush(this.client);
    await this.writeLabels();
    await this.changes.flush(this.client);
    await this.log.flush(this.client);
    await this.strata.flush(this.client);
    await this.writeBlocks();
    for (const head of heads) await this.writeHead(head);
  }

  /** The members of a block, to be changed in place and then touched. */
  async block(campaignId: string, block: number): Promise<BlockState> {
    const key = `${campaignId}/${String(block)}`;
    const known = this.blocks.get(key);
    if (known) return known.state;
    const { rows } = await this.client.query<EncodedBlock>(
      `SELECT members, control, codes, epochs, first_epoch AS "firstEpoch", member_count AS "memberCount"
       FROM audience_block WHERE campaign_id = $1 AND block = $2`,
      [campaignId, block],
    );
    const state = rows[0] ? BlockState.decode(rows[0]) : new BlockState();
    this.blocks.set(key, { campaignId, block, state });
    return state;
  }

  touch(campaignId: string, block: number, position: string): void {
    const loaded = this.blocks.get(`${campaignId}/${String(block)}`);
    if (loaded) loaded.changedAt = position;
  }

  async dropPlan(campaignId: string): Promise<void> {
    await this.plans.flush(this.client);
    this.labels = this.labels.filter((label) => label.campaignId !== campaignId);
    await this.client.query('DELETE FROM audience_plan WHERE campaign_id = $1', [campaignId]);
    await this.client.query('DELETE FROM audience_epoch WHERE campaign_id = $1 AND position IS NULL', [campaignId]);
  }

  /** Turns a plan into changes, and into members where the audience was not in a block before. */
  async settlePlan(end: BuildEnd, oneEpoch: Buffer): Promise<SettledPlan[]> {
    const { campaignId, databaseId, runId, epoch, position, time } = end;
    await this.client.query(
      `INSERT INTO audience_change (campaign_id, block, position, database_id, at, cause, batch, epoch, entered,
         entered_count, codes, control, left_members)
       SELECT campaign_id, block, $3, $4::uuid, $5::timestamptz, 'build', $3, $6::integer,
         CASE WHEN newcomer_count > 0 THEN newcomers END, newcomer_count,
         CASE WHEN newcomer_count > 0 THEN codes END, CASE WHEN newcomer_count > 0 THEN control END,
         CASE WHEN leaver_count > 0 THEN leavers END
       FROM audience_plan WHERE campaign_id = $1 AND run_id = $2 AND newcomer_count + leaver_count > 0`,
      [campaignId, runId, position, databaseId, time, epoch],
    );
    const { rows } = await this.client.query<SettledPlan>(
      `WITH fresh AS (
         INSERT INTO audience_block
         SELECT campaign_id, block, $3, newcomers, coalesce(control, $6::bytea), codes, $5::bytea, $4::integer, newcomer_count
         FROM audience_plan WHERE campaign_id = $1 AND run_id = $2 AND newcomer_count > 0
         ON CONFLICT (campaign_id, block) DO NOTHING RETURNING block
       )
       SELECT block, p.strata, CASE WHEN fresh.block IS NULL THEN json_build_object('pending', true) END AS members
       FROM audience_plan p LEFT JOIN fresh USING (block)
       WHERE campaign_id = $1 AND run_id = $2 AND newcomer_count + leaver_count > 0 ORDER BY block`,
      [campaignId, runId, position, epoch, oneEpoch, EMPTY],
    );
    if (rows.every(({ members }) => members === null)) return rows;
    return this.withMembers(campaignId, runId, rows);
  }

  private async withMembers(campaignId: string, runId: string, plans: readonly SettledPlan[]): Promise<SettledPlan[]> {
    const { rows } = await this.client.query<{ block: number } & NonNullable<SettledPlan['members']>>(
      `SELECT block, newcomers, newcomer_count AS "newcomerCount", codes, leavers, control
       FROM audience_plan WHERE campaign_id = $1 AND run_id = $2 AND block = ANY ($3::integer[])`,
      [campaignId, runId, plans.filter(({ members }) => members !== null).map(({ block }) => block)],
    );
    const members = new Map(rows.map((row) => [row.block, row]));
    return plans.map(({ block, strata }) => ({ block, strata, members: members.get(block) ?? null }));
  }

  private async writeLabels(): Promise<void> {
    const { labels } = this;
    if (labels.length === 0) return;
    this.labels = [];
    await this.client.query(
      `UPDATE audience_plan p SET control = l.control, strata = l.strata
       FROM unnest($1::uuid[], $2::uuid[], $3::integer[], $4::bytea[], $5::jsonb[])
         l(campaign_id, run_id, block, control, strata)
       WHERE p.campaign_id = l.campaign_id AND p.run_id = l.run_id AND p.block = l.block`,
      [
        labels.map((label) => label.campaignId),
        labels.map((label) => label.runId),
        labels.map((label) => label.block),
        labels.map((label) => label.control),
        labels.map((label) => label.strata),
      ],
    );
  }

  private async writeBlocks(): Promise<void> {
    const rows = new RowBuffer<BlockRow>('audience_block', BLOCK_COLUMNS, BLOCK_UPSERT);
    for (const { campaignId, block, state, changedAt } of this.blocks.values()) {
      if (changedAt === undefined) continue;
      const encoded = state.encode();
      rows.add({
        campaign_id: campaignId,
        block,
        position: changedAt,
        members: bytea(encoded.members),
        control: bytea(encoded.control),
        codes: bytea(encoded.codes),
        epochs: bytea(encoded.epochs),
        first_epoch: encoded.firstEpoch,
        member_count: encoded.memberCount,
      });
    }
    this.blocks.clear();
    await rows.flush(this.client);
  }

  private async writeHead(head: AudienceHead): Promise<void> {
    await this.client.query(
      `INSERT INTO audience VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10)
       ON CONFLICT (campaign_id) DO UPDATE SET database_id = excluded.database_id, segment_id = excluded.segment_id,
         state = excluded.state, build_id = excluded.build_id, run_id = excluded.run_id, epoch = excluded.epoch,
         members = excluded.members, control = excluded.control, max_at = excluded.max_at`,
      [
        head.campaignId,
        head.databaseId,
        head.segmentId,
        head.state,
        head.buildId,
        head.runId,
        head.epoch,
        head.members,
        head.control,
        head.maxAt,
      ],
    );
  }
}

const BLOCK_COLUMNS = {
  campaign_id: 'uuid',
  block: 'integer',
  position: 'text',
  members: 'bytea',
  control: 'bytea',
  codes: 'bytea',
  epochs: 'bytea',
  first_epoch: 'integer',
  member_count: 'integer',
} as const;

const BLOCK_UPSERT = `ON CONFLICT (campaign_id, block) DO UPDATE SET position = excluded.position,
  members = excluded.members, control = excluded.control, codes = excluded.codes, epochs = excluded.epochs,
  first_epoch = excluded.first_epoch, member_count = excluded.member_count`;
