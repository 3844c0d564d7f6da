import { Injectable, Logger, type BeforeApplicationShutdown, type OnApplicationBootstrap } from '@nestjs/common';
import { ProfileDatabasesQuery } from '../read-models/profile-databases/profile-databases.query';
import { TypedTables } from './typed-tables';

const INTERVAL_MS = 15_000;

/**
 * Makes up for a process that died between a command and the change of its tables: looks now and then for databases
 * whose tables lag behind the list.
 */
@Injectable()
export class TableUpkeep implements OnApplicationBootstrap, BeforeApplicationShutdown {
  private readonly logger = new Logger(TableUpkeep.name);
  private timer: NodeJS.Timeout | undefined;
  private running: Promise<void> | undefined;

  constructor(
    private readonly databases: ProfileDatabasesQuery,
    private readonly tables: TypedTables,
  ) {}

  onApplicationBootstrap(): void {
    this.timer = setInterval(() => {
      this.running ??= this.run()
        .catch((error: unknown) => this.logger.warn({ err: error }, 'tables of profiles cannot be looked at'))
        .finally(() => (this.running = undefined));
    }, INTERVAL_MS).unref();
  }

  async beforeApplicationShutdown(): Promise<void> {
    clearInterval(this.timer);
    await this.running;
  }

  /** Brings every lagging table to the state of its stream. */
  async run(): Promise<void> {
    for (const databaseId of await this.databases.withoutTables()) await this.tables.ensure(databaseId);
  }
}
