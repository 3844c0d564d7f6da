import { Metrics } from '@muster/platform';
import { Injectable } from '@nestjs/common';

/** Figures of the calls of the segments service, for Prometheus. */
@Injectable()
export class CallFigures {
  private readonly calls;

  constructor(private readonly metrics: Metrics) {
    this.calls = metrics.histogram({
      name: 'muster_segments_call_duration_seconds',
      help: 'Calls of the segments service by outcome: ok, the code of a refusal, no_answer, or spared by the breaker.',
      labelNames: ['call', 'outcome'],
      buckets: [0.005, 0.025, 0.1, 0.5, 1, 2.5, 10, 60],
    });
  }

  readonly observe = (call: string, outcome: string, seconds: number): void => {
    this.calls.observe({ call, outcome }, seconds);
  };

  watchBreaker(isOpen: () => boolean): void {
    const open = this.metrics.gauge({
      name: 'muster_segments_breaker_open',
      help: '1 while calls of the segments service are refused at once, because it has not answered for a while.',
      labelNames: [],
    });
    this.metrics.whenAsked(() => {
      open.set(isOpen() ? 1 : 0);
      return Promise.resolve();
    });
  }
}
