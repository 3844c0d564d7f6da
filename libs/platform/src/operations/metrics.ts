import { Injectable } from '@nestjs/common';
import { collectDefaultMetrics, Counter, Gauge, Histogram, Registry } from 'prom-client';

interface Figure<L extends string> {
  /** `muster_<thing>_<unit>`; of a counter: `muster_<things>_total`. */
  readonly name: string;
  readonly help: string;
  readonly labelNames: readonly L[];
}

/** The Prometheus figures of this process: what is counted as it happens, and what is looked at when it is asked for. */
@Injectable()
export class Metrics {
  private readonly registry = new Registry();
  private readonly looks: (() => Promise<void>)[] = [];

  constructor() {
    collectDefaultMetrics({ register: this.registry });
  }

  counter<L extends string>(figure: Figure<L>): Counter<L> {
    return new Counter({ ...figure, registers: [this.registry] });
  }

  gauge<L extends string>(figure: Figure<L>): Gauge<L> {
    return new Gauge({ ...figure, registers: [this.registry] });
  }

  histogram<L extends string>(figure: Figure<L> & { readonly buckets: readonly number[] }): Histogram<L> {
    return new Histogram({ ...figure, buckets: [...figure.buckets], registers: [this.registry] });
  }

  /** Called before each answer, to set gauges; where it fails they stay what they were. */
  whenAsked(look: () => Promise<void>): void {
    this.looks.push(look);
  }

  /** The text that Prometheus scrapes. Where Postgres or the event store is away, lags stay what they were. */
  async exposition(): Promise<{ readonly contentType: string; readonly text: string }> {
    await Promise.allSettled(this.looks.map((look) => look()));
    return { contentType: this.registry.contentType, text: await this.registry.metrics() };
  }
}
