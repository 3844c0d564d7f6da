import type { BusPartStatus, OperatedBus } from '@muster/messaging';
import { Inject, Injectable } from '@nestjs/common';
import { collectDefaultMetrics, Counter, Gauge, Histogram, Registry } from 'prom-client';
import { INTEGRATION_BUS } from '../tokens';
import { Runners } from './runners';

/** Prometheus figures of this process. */
@Injectable()
export class Metrics {
  private readonly registry = new Registry();

  private readonly http = new Histogram({
    name: 'muster_http_request_duration_seconds',
    help: 'From the request to the last byte of its answer.',
    labelNames: ['method', 'route', 'status'] as const,
    buckets: [0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30],
    registers: [this.registry],
  });

  private readonly commands = new Counter({
    name: 'muster_commands_total',
    help: 'Commands on aggregates by stream category and outcome: appended, nothing, repeated, a problem code, or error.',
    labelNames: ['category', 'outcome'] as const,
    registers: [this.registry],
  });

  private readonly lagEvents = this.projectionGauge('lag_events', 'Events that the projection has not scanned yet.');
  private readonly lagSeconds = this.projectionGauge('lag_seconds', 'Age of the oldest event that is not applied yet.');
  private readonly stopped = this.projectionGauge('stopped', '1 where the projection has stopped: see its error.');

  private readonly consumerLag = this.consumerGauge('lag_events', 'Events that the consumer has not scanned yet.');
  private readonly parkedKeys = this.consumerGauge('parked_keys', 'Keys whose events wait for an operator.');
  private readonly consumerStopped = this.consumerGauge('stopped', '1 where the consumer has stopped: see the log.');

  private readonly deadLetters = new Counter({
    name: 'muster_dead_letters_total',
    help: 'Messages that the consumer could not read and put into the dead-letter topic.',
    labelNames: ['consumer'] as const,
    registers: [this.registry],
  });

  private readonly relayLag = this.relayGauge('lag_events', 'Events that the relay has not published yet.');
  private readonly relayStopped = this.relayGauge('stopped', '1 where the relay has stopped: see the log.');

  constructor(
    private readonly runners: Runners,
    @Inject(INTEGRATION_BUS) private readonly bus: OperatedBus,
  ) {
    collectDefaultMetrics({ register: this.registry });
  }

  observeRequest(method: string, route: string, status: number, seconds: number): void {
    this.http.observe({ method, route, status: String(status) }, seconds);
  }

  countCommand(category: string, outcome: string): void {
    this.commands.inc({ category, outcome });
  }

  /** The text that Prometheus scrapes. Where Postgres or the event store is away, lags stay what they were. */
  async exposition(): Promise<{ readonly contentType: string; readonly text: string }> {
    await Promise.allSettled([this.readProjections(), this.readBus()]);
    return { contentType: this.registry.contentType, text: await this.registry.metrics() };
  }

  private async readProjections(): Promise<void> {
    for (const { context, name, lagEvents, lagSeconds, state } of await this.runners.projectionStatus()) {
      const labels = { context, projection: name };
      this.lagEvents.set(labels, lagEvents);
      this.lagSeconds.set(labels, lagSeconds);
      this.stopped.set(labels, state === 'stopped' ? 1 : 0);
    }
  }

  private async readBus(): Promise<void> {
    const parts = await this.bus.status();
    this.deadLetters.reset();
    for (const part of parts) {
      if (part.kind === 'relay') this.readRelay(part);
      else this.readConsumer(part);
    }
  }

  private readConsumer({ name: consumer, lagEvents, parkedKeys, deadLetters, state }: BusPartStatus): void {
    this.consumerLag.set({ consumer }, lagEvents);
    this.parkedKeys.set({ consumer }, parkedKeys.length);
    this.consumerStopped.set({ consumer }, state === 'stopped' ? 1 : 0);
    this.deadLetters.inc({ consumer }, deadLetters);
  }

  private readRelay({ name: relay, lagEvents, state }: BusPartStatus): void {
    this.relayLag.set({ relay }, lagEvents);
    this.relayStopped.set({ relay }, state === 'stopped' ? 1 : 0);
  }

  private relayGauge(name: string, help: string): Gauge<'relay'> {
    const labelNames = ['relay'] as const;
    return new Gauge({ name: `muster_relay_${name}`, help, labelNames, registers: [this.registry] });
  }

  private consumerGauge(name: string, help: string): Gauge<'consumer'> {
    const labelNames = ['consumer'] as const;
    return new Gauge({ name: `muster_consumer_${name}`, help, labelNames, registers: [this.registry] });
  }

  private projectionGauge(name: string, help: string): Gauge<'context' | 'projection'> {
    const labelNames = ['context', 'projection'] as const;
    return new Gauge({ name: `muster_projection_${name}`, help, labelNames, registers: [this.registry] });
  }
}
