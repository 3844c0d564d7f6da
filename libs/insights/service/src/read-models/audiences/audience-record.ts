import type { Clock } from '@muster/kernel';
import { DomainError } from '@muster/kernel';
import { CLOCK, InjectPool } from '@muster/platform';
import { decodeCodes, ProfileSet } from '@muster/profile-set';
import { Inject, Injectable } from '@nestjs/common';
import type { Pool } from 'pg';
import { BlockState, type EncodedBlock } from './block-state';
import { RecentBlocks } from './recent-blocks';

export type AudienceStatus = 'empty' | 'building' | 'active' | 'paused' | 'excluded';

/** An audience at a position of the log, its members apart. */
export interface Moment {
  readonly campaignId: string;
  readonly databaseId: string | null;
  /** The last change that is in it; empty before the first. */
  readonly position: string;
  /** The instant that was asked for; null: now. */
  readonly asOf: string | null;
  readonly status: AudienceStatus;
  readonly epoch: number;
  readonly members: number;
  readonly control: number;
}

/** One change of one block. */
export interface BlockChange {
  readonly campaignId: string;
  readonly block: number;
  readonly position: string;
  readonly at: Date;
  readonly cause: string;
  readonly batch: string;
  readonly epoch: number;
  readonly entered: Buffer | null;
  readonly enteredCount: number;
  readonly codes: Buffer | null;
  readonly control: Buffer | null;
  readonly left: Buffer | null;
  readonly toTest: Buffer | null;
}

const CHANGE_COLUMNS = `campaign_id AS "campaignId", block, position, at, cause, batch, epoch, entered,
  entered_count AS "enteredCount", codes, control, left_members AS left, to_test AS "toTest"`;

const INSTANT = /^\d{4}-\d\d-\d\dT\d\d:\d\d(:\d\d(\.\d{1,9})?)?(Z|[+-]\d\d:\d\d)$/;

/** Reads the audiences' sets, as they are and as they were. */
@Injectable()
export class AudienceRecord {
  private readonly recent = new RecentBlocks();

  constructor(
    @InjectPool('insights') private readonly pool: Pool,
    @Inject(CLOCK) private readonly clock: Clock,
  ) {}

  /** Throws `AUDIENCE_NOT_FOUND`, and `AS_OF_INVALID` for what is no instant, or one in the future. */
  async moment(campaignId: string, asOf?: string): Promise<Moment> {
    const instant = asOf === undefined ? null : this.instantOf(asOf);
    const { rows } = await this.pool.query<Moment & { known: boolean }>(
      `SELECT a.database_id AS "databaseId", l.position, l.status, l.epoch, l.members, l.control
       FROM audience a LEFT JOIN LATERAL (
         SELECT * FROM audience_log l WHERE l.campaign_id = a.campaign_id AND ($2::timestamptz IS NULL OR max_at <= $2)
         ORDER BY max_at DESC, position DESC LIMIT 1
       ) l ON true
       WHERE a.campaign_id = $1`,
      [campaignId, instant],
    );
    const row = rows[0];
    if (row && (row.position as string | null) !== null) return { ...row, campaignId, asOf: instant };
    const databaseId = row ? row.databaseId : await this.databaseOfCampaign(campaignId);
    const nobody = { position: '', status: 'empty', epoch: 0, members: 0, control: 0 } as const;
    return { ...nobody, campaignId, databaseId, asOf: instant };
  }

  /** The same audience at an earlier position of its log: what a cursor holds. */
  async momentAt(campaignId: string, position: string): Promise<Moment | null> {
    const { rows } = await this.pool.query<Moment>(
      `SELECT a.database_id AS "databaseId", l.position, l.status, l.epoch, l.members, l.control, l.campaign_id AS "campaignId"
       FROM audience a JOIN audience_log l USING (campaign_id) WHERE a.campaign_id = $1 AND l.position = $2`,
      [campaignId, position],
    );
    return rows[0] ? { ...rows[0], asOf: null } : null;
  }

  /** The blocks from one on that ever had members, ascending. */
  async blocksFrom(campaignId: string, block: number): Promise<number[]> {
    const { rows } = await this.pool.query<{ block: number }>(
      'SELECT block FROM audience_block WHERE campaign_id = $1 AND block >= $2 ORDER BY block',
      [campaignId, block],
    );
    return rows.map((row) => row.block);
  }

  /** The blocks that changed after one position, up to another. */
  async changedBlocks(campaignId: string, after: string, upTo: string): Promise<number[]> {
    const { rows } = await this.pool.query<{ block: number }>(
      `SELECT DISTINCT block FROM audience_change WHERE campaign_id = $1 AND position > $2 AND position <= $3 ORDER BY 1`,
      [campaignId, after, upTo],
    );
    return rows.map((row) => row.block);
  }

  /** A block as it was at a position; for reading only, as others may read it too. */
  async block(campaignId: string, block: number, position: string): Promise<BlockState> {
    const key = `${campaignId}/${String(block)}/${position}`;
    const state = this.recent.get(key) ?? (await this.readBlock(campaignId, block, position));
    this.recent.add(key, state);
    return state;
  }

  /** As it stands where nothing came later, else from its changes. */
  private async readBlock(campaignId: string, block: number, position: string): Promise<BlockState> {
    const { rows } = await this.pool.query<EncodedBlock>(
      `SELECT members, control, codes, epochs, first_epoch AS "firstEpoch", member_count AS "memberCount"
       FROM audience_block WHERE campaign_id = $1 AND block = $2 AND position <= $3`,
      [campaignId, block, position],
    );
    if (rows[0]) return BlockState.decode(rows[0]);
    const changes = await this.pool.query<BlockChange>(
      `SELECT ${CHANGE_COLUMNS} FROM audience_change
       WHERE campaign_id = $1 AND block = $2 AND position <= $3 ORDER BY position`,
      [campaignId, block, position],
    );
    const state = new BlockState();
    for (const change of changes.rows) applyChange(state, change);
    return state;
  }

  /** The entry by which each of these members of a block was last labelled, up to a position. */
  async entriesOf(
    campaignId: string,
    block: number,
    position: string,
    profiles: readonly number[],
  ): Promise<ReadonlyMap<number, Pick<BlockChange, 'at' | 'cause'>>> {
    const found = new Map<number, Pick<BlockChange, 'at' | 'cause'>>();
    let before: string | null = null;
    while (found.size < profiles.length) {
      const entries: EntryRow[] = await this.entries(campaignId, block, position, before);
      for (const { entered, at, cause } of entries) {
        const set = ProfileSet.decode(entered);
        for (const profile of profiles) if (!found.has(profile) && set.has(profile)) found.set(profile, { at, cause });
      }
      before = entries.at(-1)?.position ?? null;
      if (before === null) break;
    }
    return found;
  }

  /** Every change of one block, in all campaigns of a database, oldest first. */
  async changesOfBlock(databaseId: string, block: number): Promise<readonly BlockChange[]> {
    const { rows } = await this.pool.query<BlockChange>(
      `SELECT ${CHANGE_COLUMNS} FROM audience_change WHERE database_id = $1 AND block = $2 ORDER BY position`,
      [databaseId, block],
    );
    return rows;
  }

  /** What was drawn together: the changes of one batch. */
  async batch(campaignId: string, batch: string): Promise<readonly BlockChange[]> {
    const { rows } = await this.pool.query<BlockChange>(
      `SELECT ${CHANGE_COLUMNS} FROM audience_change WHERE campaign_id = $1 AND batch = $2 AND entered IS NOT NULL
       ORDER BY block`,
      [campaignId, batch],
    );
    return rows;
  }

  private async entries(
    campaignId: string,
    block: number,
    position: string,
    before: string | null,
  ): Promise<EntryRow[]> {
    const { rows } = await this.pool.query<EntryRow>(
      `SELECT position, at, cause, entered FROM audience_change
       WHERE campaign_id = $1 AND block = $2 AND position <= $3 AND ($4::text IS NULL OR position < $4)
         AND entered IS NOT NULL
       ORDER BY position DESC LIMIT 64`,
      [campaignId, block, position, before],
    );
    return rows;
  }

  private async databaseOfCampaign(campaignId: string): Promise<string> {
    const { rows } = await this.pool.query<{ databaseId: string }>(
      'SELECT database_id AS "databaseId" FROM campaign WHERE campaign_id = $1',
      [campaignId],
    );
    if (!rows[0]) throw new DomainError('AUDIENCE_NOT_FOUND', { detail: 'There is no campaign of this id.' });
    return rows[0].databaseId;
  }

  private instantOf(text: string): string {
    const instant = new Date(text);
    if (!INSTANT.test(text) || isNaN(instant.getTime())) {
      throw new DomainError('AS_OF_INVALID', { detail: 'Give an instant such as 2026-03-01T00:00:00.000Z.' });
    }
    if (instant > this.clock.now()) {
      throw new DomainError('AS_OF_INVALID', { detail: 'The instant is in the future.' });
    }
    return instant.toISOString();
  }
}

interface EntryRow {
  readonly position: string;
  readonly at: Date;
  readonly cause: string;
  readonly entered: Buffer;
}

/** A build lets leave before it lets enter. */
export function applyChange(state: BlockState, change: BlockChange): void {
  if (change.left) state.leave(ProfileSet.decode(change.left));
  if (change.toTest) state.release(ProfileSet.decode(change.toTest));
  if (change.entered) {
    state.enter({
      profiles: ProfileSet.decode(change.entered),
      codes: change.codes ? decodeCodes(change.codes, change.enteredCount) : new Uint16Array(change.enteredCount),
      control: change.control ? ProfileSet.decode(change.control) : ProfileSet.empty(),
      epoch: change.epoch,
    });
  }
}
