import { withTransaction } from '@muster/postgres';
import { escapeIdentifier, type Pool } from 'pg';

/** What an operator has asked for and what is not done yet. */
export interface RebuildRequest {
  readonly name: string;
  /** Built and kept up to date, and not shown until it is released. */
  readonly hold: boolean;
  /** Why it failed: it is not tried again until it is asked for anew. */
  readonly error: string | null;
  readonly askedAt: Date;
}

/**
 * Asks the process that owns a projection, whichever it is, to build it anew: rows that the owner looks at, so that
 * whoever asks needs none of the projection's code, and may ask while no owner runs.
 */
export class RebuildRequests {
  private readonly table: string;
  private readonly checkpoints: string;

  constructor(
    private readonly pool: Pool,
    schema: string,
  ) {
    this.table = `${escapeIdentifier(schema)}.projection_request`;
    this.checkpoints = `${escapeIdentifier(schema)}.projection_checkpoint`;
  }

  async all(): Promise<readonly RebuildRequest[]> {
    const { rows } = await this.pool.query<RebuildRequest>(
      `SELECT name, hold, error, asked_at AS "askedAt" FROM ${this.table} ORDER BY name`,
    );
    return rows;
  }

  /** Asks anew where it was asked for already: the last wish counts, and a failure is forgotten. */
  async ask(name: string, hold: boolean): Promise<void> {
    await this.pool.query(
      `INSERT INTO ${this.table} (name, hold) VALUES ($1, $2)
       ON CONFLICT (name) DO UPDATE SET hold = excluded.hold, error = NULL, asked_at = now()`,
      [name, hold],
    );
  }

  /** Lets what is held back be shown. False where nothing is. */
  async release(name: string): Promise<boolean> {
    const { rowCount } = await this.pool.query(
      `UPDATE ${this.table} SET hold = false WHERE name = $1 AND hold AND error IS NULL`,
      [name],
    );
    return rowCount === 1;
  }

  /**
   * Takes back what was asked for, and gives up what was built for it; one that the code asks for (another version)
   * stays. False where there is nothing to take back.
   */
  async cancel(name: string): Promise<boolean> {
    return withTransaction(this.pool, async (client) => {
      const asked = await client.query(`DELETE FROM ${this.table} WHERE name = $1`, [name]);
      const built = await client.query(
        `UPDATE ${this.checkpoints} AS c SET state = 'retired'
         WHERE name = $1 AND state = 'building' AND version = (
           SELECT version FROM ${this.checkpoints} AS shown WHERE shown.name = c.name AND shown.state = 'live')`,
        [name],
      );
      return (asked.rowCount ?? 0) + (built.rowCount ?? 0) > 0;
    });
  }
}
