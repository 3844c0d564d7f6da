import { InjectPool } from '@muster/platform';
import { ProfileSet } from '@muster/profile-set';
import { Injectable } from '@nestjs/common';
import type { Pool } from 'pg';

/** What a change of the segment means for one audience: decided once, applied in one or several appends. */
export interface StagedChange {
  readonly newcomers: ProfileSet;
  /** One per newcomer. */
  readonly codes: Uint16Array;
  readonly leavers: ProfileSet;
}

interface StoredChange {
  readonly newcomers: Buffer;
  readonly codes: Buffer;
  readonly leavers: Buffer;
}

/** Changes too large for one append, kept until they are applied. */
@Injectable()
export class StagedChanges {
  constructor(@InjectPool('audiences') private readonly pool: Pool) {}

  async find(campaignId: string, sourceStream: string, revision: number): Promise<StagedChange | null> {
    const { rows } = await this.pool.query<StoredChange>(
      `SELECT newcomers, codes, leavers FROM staged_change
       WHERE campaign_id = $1 AND source_stream = $2 AND revision = $3`,
      [campaignId, sourceStream, revision],
    );
    const [row] = rows;
    if (!row) return null;
    return {
      newcomers: ProfileSet.decode(row.newcomers),
      // copied: the bytes of a row need not lie at an even address
      codes: new Uint16Array(Uint8Array.from(row.codes).buffer),
      leavers: ProfileSet.decode(row.leavers),
    };
  }

  async keep(campaignId: string, sourceStream: string, revision: number, change: StagedChange): Promise<void> {
    const { newcomers, codes, leavers } = change;
    await this.pool.query(
      `INSERT INTO staged_change (campaign_id, source_stream, revision, newcomers, codes, leavers)
       VALUES ($1, $2, $3, $4, $5, $6)
       ON CONFLICT (campaign_id, source_stream) DO UPDATE
       SET revision = excluded.revision, newcomers = excluded.newcomers, codes = excluded.codes, leavers = excluded.leavers`,
      [
        campaignId,
        sourceStream,
        revision,
        Buffer.from(newcomers.encode()),
        Buffer.from(codes.buffer, codes.byteOffset, codes.byteLength),
        Buffer.from(leavers.encode()),
      ],
    );
  }
}
