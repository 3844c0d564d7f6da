import { CONSUMER_DDL } from '@muster/messaging';
import { withSessionLock } from '@muster/postgres';
import type { Type } from '@nestjs/common';
import type { Pool } from 'pg';
import { DataSource, type DataSourceOptions, type MigrationInterface } from 'typeorm';
import type { PlatformOptions } from '../platform-options';
import { roleOf, type ServiceContext } from './service-context';

/** Every connection acts as the context's role and sees the context's schema first. */
export function dataSourceOptions(
  { databaseUrl, poolSize = 10 }: PlatformOptions,
  context: ServiceContext,
  migrations: readonly Type<MigrationInterface>[],
  entities: readonly Type[],
): DataSourceOptions {
  return {
    type: 'postgres',
    url: databaseUrl,
    schema: context,
    applicationName: `muster-${context}`,
    poolSize,
    entities: [...entities],
    migrations: [...migrations],
    migrationsTableName: 'migration',
    migrationsTransactionMode: 'each',
    synchronize: false,
    installExtensions: false,
    logging: false,
    extra: {
      options: `-c role=${roleOf(context)} -c search_path=${context},public`,
      connectionTimeoutMillis: 10_000,
      keepAlive: true,
    },
  };
}

/** Connects, migrates, and makes the tables of the bus. Instances that start at the same time migrate one after the other. */
export async function openDataSource(options?: DataSourceOptions): Promise<DataSource> {
  if (!options) throw new Error('a context needs the options of its data source');
  const dataSource = await new DataSource(options).initialize();
  const pool = poolOf(dataSource);
  // Node ends the process on an `error` event that nobody hears; the next statement fails, which is enough.
  pool.on('error', ignore);
  pool.on('connect', (client) => client.on('error', ignore));
  try {
    await withSessionLock(pool, 'muster:migrations', async (client) => {
      await dataSource.runMigrations();
      await client.query(CONSUMER_DDL);
    });
  } catch (error) {
    await dataSource.destroy().catch(ignore);
    throw error;
  }
  return dataSource;
}

/** The pool that TypeORM works on: one set of connections per context, whoever uses it. */
export function poolOf(dataSource: DataSource): Pool {
  return (dataSource.driver as unknown as { readonly master: Pool }).master;
}

function ignore(): void {
  // heard, so that it ends no process
}
