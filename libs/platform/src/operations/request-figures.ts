import { Injectable } from '@nestjs/common';
import { Metrics } from './metrics';

const SECONDS = [0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30];

/** What was asked of this process, what became of it, and how long it took. */
@Injectable()
export class RequestFigures {
  private readonly http;
  private readonly commands;
  private readonly appends;
  private readonly events;

  constructor(metrics: Metrics) {
    this.http = metrics.histogram({
      name: 'muster_http_request_duration_seconds',
      help: 'From the request to the last byte of its answer.',
      labelNames: ['method', 'route', 'status'],
      buckets: SECONDS,
    });
    this.commands = metrics.counter({
      name: 'muster_commands_total',
      help: 'Commands on aggregates by stream category and outcome: appended, nothing, repeated, a problem code, or error.',
      labelNames: ['category', 'outcome'],
    });
    this.appends = metrics.histogram({
      name: 'muster_event_store_append_duration_seconds',
      help: 'Appends to the event store by outcome: appended, conflict, unavailable, or error.',
      labelNames: ['category', 'outcome'],
      buckets: SECONDS,
    });
    this.events = metrics.counter({
      name: 'muster_event_store_events_total',
      help: 'Events that this process has appended.',
      labelNames: ['category'],
    });
  }

  observeRequest(method: string, route: string, status: number, seconds: number): void {
    this.http.observe({ method, route, status: String(status) }, seconds);
  }

  countCommand(category: string, outcome: string): void {
    this.commands.inc({ category, outcome });
  }

  observeAppend(category: string, outcome: string, seconds: number, events: number): void {
    this.appends.observe({ category, outcome }, seconds);
    if (outcome === 'appended') this.events.inc({ category }, events);
  }
}
