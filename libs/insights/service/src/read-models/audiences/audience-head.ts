import type { StratumCount } from '@muster/audiences-events';
import type { Queryable } from '@muster/postgres';
import type { Presence } from './block-state';

/** What one audience is at a position, its members apart. */
export interface AudienceHead {
  readonly campaignId: string;
  databaseId: string | null;
  segmentId: string | null;
  state: 'empty' | 'active' | 'paused' | 'excluded';
  /** Of the running build. */
  buildId: string | null;
  runId: string | null;
  epoch: number;
  members: number;
  control: number;
  /** Running maximum of event time, ISO 8601. */
  maxAt: string;
  /** By epoch and code. */
  readonly strata: Map<string, StratumTally>;
}

export interface StratumTally {
  readonly epoch: number;
  readonly code: number;
  assigned: number;
  assignedControl: number;
  presentTest: number;
  presentControl: number;
}

export async function loadHead(client: Queryable, campaignId: string): Promise<AudienceHead> {
  const { rows } = await client.query<Omit<AudienceHead, 'strata' | 'maxAt'> & { maxAt: Date }>(
    `SELECT campaign_id AS "campaignId", database_id AS "databaseId", segment_id AS "segmentId", state,
       build_id AS "buildId", run_id AS "runId", epoch, members, control, max_at AS "maxAt"
     FROM audience WHERE campaign_id = $1`,
    [campaignId],
  );
  const row = rows[0];
  if (!row) return { ...emptyHead(campaignId), strata: new Map() };
  const tallies = await stratumTallies(client, campaignId, null);
  return {
    ...row,
    maxAt: row.maxAt.toISOString(),
    strata: new Map(tallies.map((tally) => [tallyKey(tally), tally])),
  };
}

function emptyHead(campaignId: string): Omit<AudienceHead, 'strata'> {
  return {
    campaignId,
    databaseId: null,
    segmentId: null,
    state: 'empty',
    buildId: null,
    runId: null,
    epoch: 0,
    members: 0,
    control: 0,
    maxAt: '',
  };
}

/** The counts of every stratum of every epoch that was ever used, as of a position (`null`: now). */
export async function stratumTallies(
  client: Queryable,
  campaignId: string,
  position: string | null,
): Promise<StratumTally[]> {
  const { rows } = await client.query<StratumTally>(
    `SELECT e.epoch, c.code, s.assigned, s.assigned_control AS "assignedControl",
       s.present_test AS "presentTest", s.present_control AS "presentControl"
     FROM audience_epoch e
     CROSS JOIN LATERAL generate_series(0, coalesce(cardinality(e.strata), 1) - 1) c(code)
     CROSS JOIN LATERAL (
       SELECT * FROM audience_stratum s
       WHERE s.campaign_id = e.campaign_id AND s.epoch = e.epoch AND s.code = c.code
         AND ($2::text IS NULL OR s.position <= $2)
       ORDER BY s.position DESC LIMIT 1
     ) s
     WHERE e.campaign_id = $1 ORDER BY e.epoch, c.code`,
    [campaignId, position],
  );
  return rows;
}

export function tallyKey({ epoch, code }: { epoch: number; code: number }): string {
  return `${String(epoch)}/${String(code)}`;
}

/** Changes the counts of strata and remembers which it touched. */
export class TallyChange {
  private readonly touched = new Set<StratumTally>();

  constructor(private readonly head: AudienceHead) {}

  assign(epoch: number, counts: readonly StratumCount[]): void {
    for (const { code, n, c } of counts) {
      const tally = this.tally(epoch, code);
      tally.assigned = n;
      tally.assignedControl = c;
    }
  }

  enter(presences: readonly Presence[], sign: 1 | -1 = 1): void {
    for (const { epoch, code, test, control } of presences) {
      const tally = this.tally(epoch, code);
      tally.presentTest += sign * test;
      tally.presentControl += sign * control;
    }
  }

  leave(presences: readonly Presence[]): void {
    this.enter(presences, -1);
  }

  rows(): readonly StratumTally[] {
    return [...this.touched].sort((a, b) => a.epoch - b.epoch || a.code - b.code).map((tally) => ({ ...tally }));
  }

  private tally(epoch: number, code: number): StratumTally {
    const key = tallyKey({ epoch, code });
    let tally = this.head.strata.get(key);
    if (!tally) {
      tally = { epoch, code, assigned: 0, assignedControl: 0, presentTest: 0, presentControl: 0 };
      this.head.strata.set(key, tally);
    }
    this.touched.add(tally);
    return tally;
  }
}
