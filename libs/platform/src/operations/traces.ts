import type { OnApplicationShutdown } from '@nestjs/common';
import type { PlatformOptions } from '../platform-options';
import { sendTraces } from './send-traces';

/** Sends the spans of this process to a collector, where the options name one. */
export class Traces implements OnApplicationShutdown {
  private constructor(private readonly end: () => Promise<void>) {}

  static async begin({ traces }: PlatformOptions): Promise<Traces> {
    if (!traces) return new Traces(() => Promise.resolve());
    return new Traces(await sendTraces(traces));
  }

  /** After everything else, so that the last request is told too. */
  async onApplicationShutdown(): Promise<void> {
    await this.end();
  }
}
