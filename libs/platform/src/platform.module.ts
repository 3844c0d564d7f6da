import type { EventSourcedAggregates } from '@muster/aggregates';
import { Module, type DynamicModule, type Provider } from '@nestjs/common';
import { APP_FILTER, APP_GUARD, APP_INTERCEPTOR, APP_PIPE, ModuleRef } from '@nestjs/core';
import { CqrsModule } from '@nestjs/cqrs';
import type { Pool } from 'pg';
import { randomIds, secureRandom, systemClock } from './adapters';
import { createBus } from './bus';
import { Contexts } from './context/contexts';
import { ApiKeyGuard } from './http/api-key.guard';
import { ConventionsInterceptor } from './http/conventions.interceptor';
import { ProblemFilter } from './http/problem.filter';
import { SchemaValidationPipe } from './http/validation.pipe';
import { BackgroundWork } from './operations/background-work';
import { Closing } from './operations/closing';
import { Dependencies } from './operations/dependencies';
import { HttpDrain } from './operations/http-drain';
import { Lifecycle } from './operations/lifecycle';
import { StartupLogger, loggingModule } from './operations/logging';
import { MeasuredAggregates } from './operations/measured-aggregates';
import { Metrics } from './operations/metrics';
import { OperationsController } from './operations/operations.controller';
import { ReadinessProbe } from './operations/readiness';
import { Runners } from './operations/runners';
import { TracedEventStore } from './operations/traced-event-store';
import { Traces } from './operations/traces';
import { PLATFORM_OPTIONS, STORE_POOL, type PlatformOptions } from './platform-options';
import { createAggregates, createStorePool, openStore } from './store';
import { AGGREGATES, CLOCK, EVENT_STORE, IDS, INTEGRATION_BUS, PLAIN_AGGREGATES, RANDOM } from './tokens';

/** What every service stands on. Imported once, by the root module of a process. */
@Module({})
export class PlatformModule {
  static forRoot(options: PlatformOptions): DynamicModule {
    const ports: Provider[] = [
      { provide: PLATFORM_OPTIONS, useValue: options },
      { provide: CLOCK, useValue: systemClock },
      { provide: IDS, useValue: randomIds },
      { provide: RANDOM, useValue: secureRandom },
      { provide: STORE_POOL, useFactory: () => createStorePool(options.databaseUrl) },
      {
        provide: EVENT_STORE,
        inject: [STORE_POOL],
        useFactory: async (pool: Pool) => new TracedEventStore(await openStore(pool, options)),
      },
      { provide: PLAIN_AGGREGATES, inject: [EVENT_STORE, IDS, STORE_POOL], useFactory: createAggregates },
      {
        provide: INTEGRATION_BUS,
        inject: [PLATFORM_OPTIONS, EVENT_STORE, Contexts, ModuleRef],
        useFactory: createBus,
      },
      {
        provide: AGGREGATES,
        inject: [PLAIN_AGGREGATES, Metrics],
        useFactory: (plain: EventSourcedAggregates, metrics: Metrics) => new MeasuredAggregates(plain, metrics),
      },
    ];
    return {
      module: PlatformModule,
      global: true,
      imports: [CqrsModule.forRoot(), loggingModule(options.logLevel)],
      controllers: [OperationsController],
      providers: [
        ...ports,
        BackgroundWork,
        Closing,
        Contexts,
        Dependencies,
        HttpDrain,
        Lifecycle,
        Metrics,
        ReadinessProbe,
        Runners,
        StartupLogger,
        { provide: Traces, inject: [PLATFORM_OPTIONS], useFactory: (all: PlatformOptions) => Traces.begin(all) },
        { provide: APP_GUARD, useClass: ApiKeyGuard },
        { provide: APP_INTERCEPTOR, useClass: ConventionsInterceptor },
        { provide: APP_FILTER, useClass: ProblemFilter },
        { provide: APP_PIPE, useClass: SchemaValidationPipe },
      ],
      exports: [...ports, BackgroundWork, Closing, Contexts, Dependencies, Metrics, Runners],
    };
  }
}
