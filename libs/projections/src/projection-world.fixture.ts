import { createTestDatabase, type TestDatabase } from '@muster/embedded/testing';
import { MemoryEventStore } from '@muster/event-store-memory';
import { createPool } from '@muster/postgres';
import { randomBytes } from 'node:crypto';
import type { Pool } from 'pg';
import type { Projection } from './projection';
import { ProjectionRunner, type ProjectionRunnerOptions } from './projection-runner';
import { CuttableLeases } from './traces';

type RunOptions = Partial<ProjectionRunnerOptions> & Pick<ProjectionRunnerOptions, 'schema' | 'store'>;

/** What runners of projections stand on, for a spec file: a database, and for each test a schema and a log. */
export class ProjectionWorld {
  private database!: TestDatabase;
  private pool!: Pool;
  /** For leases that a test makes itself. */
  leasePool!: Pool;
  private store!: MemoryEventStore;
  private runners: ProjectionRunner[] = [];

  get connectionString(): string {
    return this.database.connectionString;
  }

  async open(): Promise<Pool> {
    this.database = await createTestDatabase();
    const { connectionString } = this;
    this.leasePool = createPool({ connectionString, max: 20 });
    return (this.pool = createPool({ connectionString }));
  }

  async close(): Promise<void> {
    await this.leasePool.end();
    await this.pool.end();
    await this.database.drop();
  }

  /** A log of the test's own. */
  begin(): MemoryEventStore {
    this.runners = [];
    return (this.store = new MemoryEventStore());
  }

  async end(): Promise<void> {
    await Promise.all(this.runners.map((runner) => runner.stop()));
    await this.store.close();
  }

  /** The name of an empty schema. */
  async newSchema(): Promise<string> {
    const schema = `service_${randomBytes(4).toString('hex')}`;
    await this.pool.query(`CREATE SCHEMA ${schema}`);
    return schema;
  }

  /** A runner that is started, as a process of its own would; stopped after the test. */
  async run(projections: readonly Projection[], options: RunOptions): Promise<ProjectionRunner> {
    const leases = new CuttableLeases(this.leasePool);
    const clock = { now: () => new Date() };
    const runner = new ProjectionRunner({ pool: this.pool, leases, clock, pollMs: 20, quietMs: 30, ...options });
    for (const projection of projections) runner.register(projection);
    this.runners.push(runner);
    await runner.start();
    return runner;
  }
}
