import type { EventStore } from '@muster/event-store';
import { PostgresEventStore } from '@muster/event-store-postgres';
import { createPool } from '@muster/postgres';
import { Module, type DynamicModule } from '@nestjs/common';
import { APP_FILTER, APP_GUARD, APP_INTERCEPTOR, APP_PIPE } from '@nestjs/core';
import { CqrsModule } from '@nestjs/cqrs';
import type { Pool } from 'pg';
import { randomIds, secureRandom, systemClock } from './adapters';
import { createContexts, grantEventStore } from './context/roles';
import { ApiKeyGuard } from './http/api-key.guard';
import { ConventionsInterceptor } from './http/conventions.interceptor';
import { ProblemFilter } from './http/problem.filter';
import { SchemaValidationPipe } from './http/validation.pipe';
import { Closing } from './operations/closing';
import { PLATFORM_OPTIONS, type PlatformOptions } from './platform-options';
import { CLOCK, EVENT_STORE, IDS, RANDOM } from './tokens';

const STORE_POOL = Symbol('StorePool');
const EVENT_STORE_SCHEMA = 'event_store';

/** What every service stands on. Imported once, by the root module of a process. */
@Module({})
export class PlatformModule {
  static forRoot(options: PlatformOptions): DynamicModule {
    return {
      module: PlatformModule,
      global: true,
      imports: [CqrsModule.forRoot()],
      providers: [
        Closing,
        { provide: PLATFORM_OPTIONS, useValue: options },
        { provide: CLOCK, useValue: systemClock },
        { provide: IDS, useValue: randomIds },
        { provide: RANDOM, useValue: secureRandom },
        {
          provide: STORE_POOL,
          useFactory: () => createPool({ connectionString: options.databaseUrl, applicationName: 'muster-store' }),
        },
        { provide: EVENT_STORE, inject: [STORE_POOL], useFactory: openStore },
        { provide: APP_GUARD, useClass: ApiKeyGuard },
        { provide: APP_INTERCEPTOR, useClass: ConventionsInterceptor },
        { provide: APP_FILTER, useClass: ProblemFilter },
        { provide: APP_PIPE, useClass: SchemaValidationPipe },
      ],
      exports: [PLATFORM_OPTIONS, CLOCK, IDS, RANDOM, EVENT_STORE, Closing],
    };
  }
}

/** Roles and schemas first: whoever waits for the store finds them, and migrations may grant to any context. */
async function openStore(pool: Pool): Promise<EventStore> {
  await createContexts(pool);
  const store = await PostgresEventStore.open({ pool, schema: EVENT_STORE_SCHEMA });
  await grantEventStore(pool, EVENT_STORE_SCHEMA);
  return store;
}
