import type { EventStore } from '@muster/event-store';
import type { Clock } from '@muster/kernel';
import type { Leases } from '@muster/postgres';
import { Module, type DynamicModule, type Type } from '@nestjs/common';
import { getDataSourceToken, TypeOrmModule, type TypeOrmModuleOptions } from '@nestjs/typeorm';
import type { Pool } from 'pg';
import { DataSource, type DataSourceOptions, type MigrationInterface } from 'typeorm';
import { PLATFORM_OPTIONS, type PlatformOptions } from '../platform-options';
import { Runners } from '../operations/runners';
import { CLOCK, EVENT_STORE } from '../tokens';
import { leasesToken, poolToken, projectionsToken } from './inject';
import { PostgresLeases } from './leases';
import { dataSourceOptions, openDataSource, poolOf } from './data-source';
import { Contexts } from './contexts';
import { createProjections } from './named-projections';
import { roleOf, type ServiceContext } from './service-context';

export interface ContextOptions {
  readonly context: ServiceContext;
  /** In the order of their names' timestamps; all of them run before anything else of the context. */
  readonly migrations: readonly Type<MigrationInterface>[];
  readonly entities?: readonly Type[];
}

/**
 * One context's part of the database: schema and role (made by the platform before), migrations, TypeORM `DataSource`
 * named by the context, the `pg` pool under it, projections and leases. Imported by the context's own module.
 */
@Module({})
export class ContextModule {
  static forContext({ context, migrations, entities = [] }: ContextOptions): DynamicModule {
    return {
      module: ContextModule,
      imports: [
        TypeOrmModule.forRootAsync({
          name: context,
          // The store is opened after all roles and schemas are there: whoever waits for it, waits for them.
          inject: [PLATFORM_OPTIONS, EVENT_STORE],
          // The name again: by it the module finds its data source when it closes.
          useFactory: (options: PlatformOptions): TypeOrmModuleOptions => ({
            ...dataSourceOptions(options, context, migrations, entities),
            name: context,
            // The store answered before this; what fails now (a migration) fails again.
            retryAttempts: 0,
          }),
          dataSourceFactory: (options?: DataSourceOptions) => openDataSource(options),
        }),
      ],
      providers: [
        {
          provide: poolToken(context),
          inject: [getDataSourceToken(context), Contexts],
          useFactory: (dataSource: DataSource, contexts: Contexts): Pool =>
            contexts.addPool(context, poolOf(dataSource)),
        },
        {
          provide: projectionsToken(context),
          inject: [poolToken(context), leasesToken(context), EVENT_STORE, CLOCK, Runners],
          useFactory: (pool: Pool, leases: Leases, store: EventStore, clock: Clock, runners: Runners) =>
            runners.add(context, createProjections(context, { pool, leases, store, clock })),
        },
        {
          provide: leasesToken(context),
          inject: [PLATFORM_OPTIONS, Contexts],
          useFactory: ({ databaseUrl }: PlatformOptions, contexts: Contexts) =>
            contexts.addLeases(
              context,
              new PostgresLeases(context, { connectionString: databaseUrl, role: roleOf(context) }),
            ),
        },
      ],
      exports: [poolToken(context), leasesToken(context), projectionsToken(context), TypeOrmModule],
    };
  }
}
