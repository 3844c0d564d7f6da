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
import { BusFigures } from './operations/bus-figures';
import { Closing } from './operations/closing';
import { Dependencies } from './operations/dependencies';
import { HttpDrain } from './operations/http-drain';
import { Lifecycle } from './operations/lifecycle';
import { StartupLogger, loggingModule } from './operations/logging';
import { MeasuredAggregates } from './operations/measured-aggregates';
import { Metrics } from './operations/metrics';
import { ObservedEventStore } from './operations/observed-event-store';
import { OperationsController } from './operations/operations.controller';
import { ReadinessProbe } from './operations/readiness';
import { RequestFigures } from './operations/request-figures';
import { Runners } from './operations/runners';
import { StatusFigures } from './operations/status-figures';
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
        inject: [STORE_POOL, RequestFigures],
        useFactory: async (pool: Pool, figures: RequestFigures) =>
          new ObservedEventStore(await openStore(pool, options), figures),
      },
      { provide: PLAIN_AGGREGATES, inject: [EVENT_STORE, IDS, STORE_POOL], useFactory: createAggregates },
      {
        provide: INTEGRATION_BUS,
        inject: [PLATFORM_OPTIONS, EVENT_STORE, Contexts, ModuleRef, BusFigures],
        useFactory: createBus,
      },
      {
        provide: AGGREGATES,
        inject: [PLAIN_AGGREGATES, RequestFigures],
        useFactory: (plain: EventSourcedAggregates, figures: RequestFigures) => new MeasuredAggregates(plain, figures),
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
        BusFigures,
        Closing,
        Contexts,
        Dependencies,
        HttpDrain,
        Lifecycle,
        Metrics,
        ReadinessProbe,
        RequestFigures,
        Runners,
        StatusFigures,
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
