import { Injectable } from '@nestjs/common';

/** Whether this process is on its way out: readiness says so, and answers without end (server-sent events) end. */
@Injectable()
export class Closing {
  private readonly controller = new AbortController();

  get signal(): AbortSignal {
    return this.controller.signal;
  }

  begin(): void {
    this.controller.abort();
  }
}
