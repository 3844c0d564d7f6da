import type { EventSourcedAggregates } from '@muster/aggregates';
import type { EventStore } from '@muster/event-store';
import type { IntegrationBus } from '@muster/messaging';
import {
  Inject,
  Injectable,
  type BeforeApplicationShutdown,
  type OnApplicationBootstrap,
  type OnApplicationShutdown,
} from '@nestjs/common';
import type { Pool } from 'pg';
import { STORE_POOL } from '../platform-options';
import { EVENT_STORE, INTEGRATION_BUS, PLAIN_AGGREGATES } from '../tokens';
import { Runners } from './runners';

/** Starts what follows the event store when every module has registered its part, and stops it before pools close. */
@Injectable()
export class Lifecycle implements OnApplicationBootstrap, BeforeApplicationShutdown, OnApplicationShutdown {
  constructor(
    private readonly runners: Runners,
    @Inject(INTEGRATION_BUS) private readonly bus: IntegrationBus,
    @Inject(EVENT_STORE) private readonly store: EventStore,
    @Inject(PLAIN_AGGREGATES) private readonly aggregates: EventSourcedAggregates,
    @Inject(STORE_POOL) private readonly pool: Pool,
  ) {}

  async onApplicationBootstrap(): Promise<void> {
    await this.runners.start();
    await this.bus.start();
  }

  async beforeApplicationShutdown(): Promise<void> {
    await this.bus.stop();
    await this.runners.stop();
    await this.aggregates.settled();
  }

  async onApplicationShutdown(): Promise<void> {
    await this.store.close();
    await this.pool.end();
  }
}
