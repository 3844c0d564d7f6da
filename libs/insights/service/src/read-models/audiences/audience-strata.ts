import { stratumHash } from '@muster/assignment';
import { InjectPool } from '@muster/platform';
import { Injectable } from '@nestjs/common';
import type { Pool } from 'pg';
import { PublishedProfiles } from '../../published/published-profiles';
import { stratumTallies, tallyKey } from './audience-head';
import type { Moment } from './audience-record';

/** A stretch of unchanged settings. */
export interface EpochRow {
  readonly epoch: number;
  readonly position: string;
  readonly seed: string;
  readonly algorithm: string;
  readonly basisPoints: number | null;
  readonly count: number | null;
  readonly stratificationHash: string | null;
  readonly strata: readonly string[] | null;
}

export interface StratumName {
  readonly hash: string;
  readonly label: string;
}

export interface StratumCounts extends StratumName {
  readonly code: number;
  readonly epoch: number;
  readonly assigned: number;
  readonly control: number;
  readonly presentTest: number;
  readonly presentControl: number;
  readonly share: number | null;
}

/** The one stratum of a campaign without stratification. */
const ALL: StratumName = { hash: stratumHash({}), label: 'all' };

/** What the strata of every epoch are called. */
export class EpochStrata {
  private readonly byNumber: ReadonlyMap<number, EpochRow>;

  constructor(
    readonly epochs: readonly EpochRow[],
    private readonly labels: ReadonlyMap<string, readonly StratumName[]>,
  ) {
    this.byNumber = new Map(epochs.map((row) => [row.epoch, row]));
  }

  epoch(number: number): EpochRow | undefined {
    return this.byNumber.get(number);
  }

  name(epoch: number, code: number): StratumName {
    const row = this.byNumber.get(epoch);
    const hash = row?.strata?.[code];
    if (hash === undefined) return ALL;
    return { hash, label: this.labels.get(row?.stratificationHash ?? '')?.[code]?.label ?? hash };
  }

  /** The code of a stratum in each epoch that has it. */
  codesOf(hash: string): ReadonlyMap<number, number> {
    const codes = new Map<number, number>();
    for (const { epoch, strata } of this.epochs) {
      const code = (strata ?? [ALL.hash]).indexOf(hash);
      if (code >= 0) codes.set(epoch, code);
    }
    return codes;
  }
}

/** Epochs and strata of an audience, with their counts. */
@Injectable()
export class AudienceStrata {
  constructor(
    @InjectPool('insights') private readonly pool: Pool,
    private readonly published: PublishedProfiles,
  ) {}

  async of(campaignId: string, position: string): Promise<EpochStrata> {
    const { rows } = await this.pool.query<EpochRow>(
      `SELECT epoch, position, seed, algorithm, lcg_basis_points AS "basisPoints", lcg_count AS count,
         stratification_hash AS "stratificationHash", strata
       FROM audience_epoch WHERE campaign_id = $1 AND position <= $2 ORDER BY epoch`,
      [campaignId, position],
    );
    const hashes = rows.flatMap(({ stratificationHash }) => (stratificationHash === null ? [] : [stratificationHash]));
    return new EpochStrata(rows, await this.published.strata([...new Set(hashes)]));
  }

  /** Every stratum of the present epoch, then those of earlier epochs that anyone was assigned in. */
  async counts({ campaignId, position, epoch }: Moment): Promise<readonly StratumCounts[]> {
    const names = await this.of(campaignId, position);
    const tallies = await stratumTallies(this.pool, campaignId, position);
    const known = new Map(tallies.map((tally) => [tallyKey(tally), tally]));
    return [...names.epochs].reverse().flatMap((row) =>
      (row.strata ?? [ALL.hash]).flatMap((_, code): StratumCounts[] => {
        const tally = known.get(tallyKey({ epoch: row.epoch, code }));
        const { assigned = 0, assignedControl: control = 0, presentTest = 0, presentControl = 0 } = tally ?? {};
        if (row.epoch !== epoch && assigned === 0) return [];
        const share = assigned === 0 ? null : control / assigned;
        const counts = { epoch: row.epoch, assigned, control, presentTest, presentControl, share };
        return [{ code, ...names.name(row.epoch, code), ...counts }];
      }),
    );
  }
}
