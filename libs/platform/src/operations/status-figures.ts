import type { BusPartStatus, OperatedBus } from '@muster/messaging';
import { Inject, Injectable, type OnApplicationBootstrap } from '@nestjs/common';
import type { Gauge } from 'prom-client';
import { Contexts } from '../context/contexts';
import { INTEGRATION_BUS } from '../tokens';
import { Metrics } from './metrics';
import { ReadinessProbe, type Readiness } from './readiness';
import { Runners, type ContextProjectionStatus } from './runners';

const READINESS: readonly Readiness['status'][] = ['ready', 'degraded', 'unavailable'];

/** How far projections and consumers are, what they have set aside, and how the process is: looked at when it is asked for. */
@Injectable()
export class StatusFigures implements OnApplicationBootstrap {
  private readonly projections;
  private readonly consumers;
  private readonly relays;
  private readonly deadLetters;
  private readonly readiness;
  private readonly connections;

  constructor(
    private readonly metrics: Metrics,
    private readonly runners: Runners,
    private readonly contexts: Contexts,
    private readonly probe: ReadinessProbe,
    @Inject(INTEGRATION_BUS) private readonly bus: OperatedBus,
  ) {
    this.projections = {
      lagEvents: this.ofProjection('lag_events', 'Events that the projection has not scanned yet.'),
      lagSeconds: this.ofProjection('lag_seconds', 'Age of the oldest event that is not applied yet.'),
      stopped: this.ofProjection('stopped', '1 where the projection has stopped: see its error.'),
      rebuildEvents: this.ofProjection(
        'rebuild_events',
        'Events that the next generation, which is built, has to apply.',
      ),
    };
    this.consumers = {
      lagEvents: this.ofConsumer('lag_events', 'Events that the consumer has not handled yet.'),
      lagSeconds: this.ofConsumer('lag_seconds', 'Age of the oldest event that the consumer has not handled yet.'),
      parkedKeys: this.ofConsumer('parked_keys', 'Keys whose events wait for an operator.'),
      stopped: this.ofConsumer('stopped', '1 where the consumer has stopped: see the log.'),
    };
    this.relays = {
      lagEvents: this.ofRelay('lag_events', 'Events that the relay has not published yet.'),
      lagSeconds: this.ofRelay('lag_seconds', 'Age of the oldest event that is not published yet.'),
      stopped: this.ofRelay('stopped', '1 where the relay has stopped: see the log.'),
    };
    this.deadLetters = metrics.counter({
      name: 'muster_dead_letters_total',
      help: 'Messages that the consumer could not read and put into the dead-letter topic.',
      labelNames: ['consumer'],
    });
    this.readiness = metrics.gauge({
      name: 'muster_readiness',
      help: '1 for what /health/ready says: ready, degraded or unavailable.',
      labelNames: ['status'],
    });
    this.connections = metrics.gauge({
      name: 'muster_postgres_connections',
      help: 'Connections of the pool of a context: busy, idle; and requests that wait for one.',
      labelNames: ['context', 'state'],
    });
  }

  onApplicationBootstrap(): void {
    for (const look of [this.lookAtProjections, this.lookAtBus, this.lookAtReadiness, this.lookAtPools]) {
      this.metrics.whenAsked(look);
    }
  }

  private readonly lookAtProjections = async (): Promise<void> => {
    const all = await this.runners.projectionStatus();
    for (const gauge of Object.values(this.projections)) gauge.reset();
    for (const status of all) this.setProjection(status);
  };

  private setProjection({ context, name: projection, state, lagEvents, lagSeconds }: ContextProjectionStatus): void {
    const labels = { context, projection };
    if (state === 'building') this.projections.rebuildEvents.set(labels, lagEvents);
    else {
      this.projections.lagEvents.set(labels, lagEvents);
      this.projections.lagSeconds.set(labels, lagSeconds);
      this.projections.stopped.set(labels, state === 'stopped' ? 1 : 0);
    }
  }

  private readonly lookAtBus = async (): Promise<void> => {
    const parts = await this.bus.status();
    this.deadLetters.reset();
    for (const part of parts) {
      if (part.kind === 'relay') this.setRelay(part);
      else this.setConsumer(part);
    }
  };

  private setConsumer({ name: consumer, ...status }: BusPartStatus): void {
    this.consumers.lagEvents.set({ consumer }, status.lagEvents);
    this.consumers.lagSeconds.set({ consumer }, status.lagSeconds);
    this.consumers.parkedKeys.set({ consumer }, status.parkedKeys.length);
    this.consumers.stopped.set({ consumer }, status.state === 'stopped' ? 1 : 0);
    this.deadLetters.inc({ consumer }, status.deadLetters);
  }

  private setRelay({ name: relay, ...status }: BusPartStatus): void {
    this.relays.lagEvents.set({ relay }, status.lagEvents);
    this.relays.lagSeconds.set({ relay }, status.lagSeconds);
    this.relays.stopped.set({ relay }, status.state === 'stopped' ? 1 : 0);
  }

  private readonly lookAtReadiness = async (): Promise<void> => {
    const { status } = await this.probe.check();
    for (const each of READINESS) this.readiness.set({ status: each }, each === status ? 1 : 0);
  };

  private readonly lookAtPools = (): Promise<void> => {
    for (const [context, { totalCount, idleCount, waitingCount, options }] of this.contexts.pools()) {
      this.connections.set({ context, state: 'busy' }, totalCount - idleCount);
      this.connections.set({ context, state: 'idle' }, idleCount);
      // For a moment each statement waits, also where a connection is free.
      const allBusy = idleCount === 0 && totalCount >= options.max;
      this.connections.set({ context, state: 'waiting' }, allBusy ? waitingCount : 0);
    }
    return Promise.resolve();
  };

  private ofConsumer(name: string, help: string): Gauge<'consumer'> {
    return this.metrics.gauge({ name: `muster_consumer_${name}`, help, labelNames: ['consumer'] });
  }

  private ofRelay(name: string, help: string): Gauge<'relay'> {
    return this.metrics.gauge({ name: `muster_relay_${name}`, help, labelNames: ['relay'] });
  }

  private ofProjection(name: string, help: string): Gauge<'context' | 'projection'> {
    return this.metrics.gauge({ name: `muster_projection_${name}`, help, labelNames: ['context', 'projection'] });
  }
}
