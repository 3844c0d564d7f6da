import { InjectPool, Metrics } from '@muster/platform';
import { Injectable } from '@nestjs/common';
import type { Pool } from 'pg';

interface OpenBuild {
  readonly campaign_id: string;
  readonly state: string;
  readonly progress: number;
  readonly age: number;
}

/** A series for each: more builds than these at once are counted, and not shown one by one. */
const MOST_BUILDS = 100;

/** Figures of what audiences have before them, for Prometheus: the same whichever instance is asked. */
@Injectable()
export class AudienceFigures {
  private readonly intake;
  private readonly parked;
  private readonly builds;
  private readonly progress;
  private readonly age;

  constructor(
    metrics: Metrics,
    @InjectPool('audiences') private readonly pool: Pool,
  ) {
    this.intake = metrics.gauge({
      name: 'muster_audience_intake_rows',
      help: 'What campaigns and segments told and some audience may still have to take.',
      labelNames: [],
    });
    this.parked = metrics.gauge({
      name: 'muster_audience_parked_sources',
      help: 'Sources that wait for another attempt, because an audience could not take what they told.',
      labelNames: [],
    });
    this.builds = metrics.gauge({
      name: 'muster_audience_builds',
      help: 'Builds that have not ended, by state: planning, labelling, failed (tried again).',
      labelNames: ['state'],
    });
    this.progress = metrics.gauge({
      name: 'muster_audience_build_progress_ratio',
      help: 'How much of a build is labelled, from 0 to 1; 0 while it is planned.',
      labelNames: ['campaign'],
    });
    this.age = metrics.gauge({
      name: 'muster_audience_build_age_seconds',
      help: 'Since the activation that a build under way belongs to.',
      labelNames: ['campaign'],
    });
    metrics.whenAsked(() => this.lookAtIntake());
    metrics.whenAsked(() => this.lookAtBuilds());
  }

  private async lookAtIntake(): Promise<void> {
    const { rows } = await this.pool.query<{ intake: number; parked: number }>(
      'SELECT (SELECT count(*) FROM intake)::int AS intake, (SELECT count(*) FROM parked)::int AS parked',
    );
    this.intake.set(rows[0]?.intake ?? 0);
    this.parked.set(rows[0]?.parked ?? 0);
  }

  private async lookAtBuilds(): Promise<void> {
    const { rows } = await this.pool.query<OpenBuild>(
      `SELECT campaign_id, state, extract(epoch FROM now() - started_at)::float8 AS age,
         CASE WHEN state = 'labelling' THEN labelled::float8 / greatest(planned, 1) ELSE 0 END AS progress
       FROM build WHERE ended_at IS NULL ORDER BY started_at`,
    );
    for (const state of ['planning', 'labelling', 'failed']) {
      this.builds.set({ state }, rows.filter((row) => row.state === state).length);
    }
    this.progress.reset();
    this.age.reset();
    for (const { campaign_id: campaign, progress, age } of rows.slice(0, MOST_BUILDS)) {
      this.progress.set({ campaign }, progress);
      this.age.set({ campaign }, age);
    }
  }
}
