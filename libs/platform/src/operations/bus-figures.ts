import { Injectable } from '@nestjs/common';
import { Metrics } from './metrics';

/** What consumers and relays of this process do, counted as they do it. */
@Injectable()
export class BusFigures {
  private readonly handled;
  private readonly batches;
  private readonly published;

  constructor(metrics: Metrics) {
    this.handled = metrics.histogram({
      name: 'muster_consumer_handle_duration_seconds',
      help: 'Events in the hands of a consumer by outcome: handled, failed, or interrupted by an outage.',
      labelNames: ['consumer', 'outcome'],
      buckets: [0.001, 0.005, 0.025, 0.1, 0.5, 1, 5, 30],
    });
    this.batches = metrics.histogram({
      name: 'muster_consumer_batch_messages',
      help: 'Messages that a consumer got from Kafka at once.',
      labelNames: ['consumer'],
      buckets: [1, 10, 50, 200, 1_000, 5_000],
    });
    this.published = metrics.counter({
      name: 'muster_relay_messages_total',
      help: 'Messages that this process has published.',
      labelNames: ['relay'],
    });
  }

  readonly onHandled = (consumer: string, outcome: string, seconds: number): void => {
    this.handled.observe({ consumer, outcome }, seconds);
  };

  readonly onBatch = (consumer: string, messages: number): void => {
    this.batches.observe({ consumer }, messages);
  };

  readonly onPublished = (relay: string, messages: number): void => {
    this.published.inc({ relay }, messages);
  };
}
