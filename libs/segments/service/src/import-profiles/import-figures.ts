import { InjectPool, Metrics } from '@muster/platform';
import { Injectable } from '@nestjs/common';
import type { Pool } from 'pg';

/** What became of the rows of a batch. */
export interface RowOutcomes {
  readonly inserted: number;
  readonly updated: number;
  readonly unchanged: number;
  readonly rejected: number;
}

const OPEN = ['uploading', 'queued', 'running'] as const;

/** An import that waits for another one of its database is not silent. */
const LOOK = `
  SELECT state, count(*)::int AS imports, extract(epoch FROM now() - min(updated_at) FILTER (
    WHERE state <> 'queued'
      OR NOT EXISTS (SELECT FROM import r WHERE r.database_id = i.database_id AND r.state = 'running')
  ))::float8 AS silence
  FROM import i WHERE state = ANY ($1) GROUP BY state`;

/** Figures of imports, for Prometheus. */
@Injectable()
export class ImportFigures {
  private readonly rows;
  private readonly open;
  private readonly silence;

  constructor(
    metrics: Metrics,
    @InjectPool('segments') private readonly pool: Pool,
  ) {
    this.rows = metrics.counter({
      name: 'muster_import_rows_total',
      help: 'Rows of imports that this process has written, by outcome: inserted, updated, unchanged, rejected.',
      labelNames: ['outcome'],
    });
    this.open = metrics.gauge({
      name: 'muster_imports',
      help: 'Imports that have not ended, by state: uploading, queued, running.',
      labelNames: ['state'],
    });
    this.silence = metrics.gauge({
      name: 'muster_import_silence_seconds',
      help: 'How long nothing has become of the import that has waited longest for its next step; 0 where there is none.',
      labelNames: [],
    });
    metrics.whenAsked(() => this.look());
  }

  count(outcomes: RowOutcomes): void {
    for (const [outcome, rows] of Object.entries(outcomes)) this.rows.inc({ outcome }, Number(rows));
  }

  private async look(): Promise<void> {
    const { rows } = await this.pool.query<{ state: string; imports: number; silence: number | null }>(LOOK, [OPEN]);
    for (const state of OPEN) this.open.set({ state }, rows.find((row) => row.state === state)?.imports ?? 0);
    this.silence.set(Math.max(0, ...rows.map(({ silence }) => silence ?? 0)));
  }
}
