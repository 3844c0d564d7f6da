import { DomainError } from '@muster/kernel';
import { InjectPool } from '@muster/platform';
import { Injectable } from '@nestjs/common';
import type { Pool } from 'pg';
import type { BuildState, BuildView } from '../../get-audience/audience.dto';

interface BuildRow {
  readonly build_id: string;
  readonly campaign_id: string;
  readonly run_id: string | null;
  readonly state: BuildState;
  readonly planned: number;
  readonly labelled: number;
  readonly leavers: number;
  readonly members: number | null;
  readonly control: number | null;
  readonly failures: number;
  readonly error: string | null;
  readonly started_at: Date;
  readonly ended_at: Date | null;
}

@Injectable()
export class BuildsQuery {
  constructor(@InjectPool('audiences') private readonly pool: Pool) {}

  async get(campaignId: string, buildId: string): Promise<BuildView> {
    const { rows } = await this.pool.query<BuildRow>('SELECT * FROM build WHERE campaign_id = $1 AND build_id = $2', [
      campaignId,
      buildId,
    ]);
    const [row] = rows;
    if (!row) {
      throw new DomainError('BUILD_NOT_FOUND', { detail: `The campaign ${campaignId} has no build ${buildId}.` });
    }
    return viewOf(row);
  }
}

function viewOf(row: BuildRow): BuildView {
  const isPlanned = row.state === 'labelling' || row.state === 'built';
  return {
    buildId: row.build_id,
    campaignId: row.campaign_id,
    runId: row.run_id,
    state: row.state,
    done: row.state === 'planning' ? row.planned : row.labelled,
    total: isPlanned ? row.planned : null,
    entered: row.state === 'built' ? row.planned : null,
    left: row.state === 'built' ? row.leavers : null,
    members: row.members,
    control: row.control,
    failures: row.failures,
    error: row.error,
    startedAt: row.started_at.toISOString(),
    endedAt: row.ended_at?.toISOString() ?? null,
  };
}
