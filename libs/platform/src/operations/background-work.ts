import { Injectable } from '@nestjs/common';

/** A worker of a service, as operations and tests see it. */
export interface Worker {
  /** `<context>.<name>` */
  readonly name: string;
  /** Whether something is in hand or waits to be taken. */
  busy(): boolean | Promise<boolean>;
}

/** Every background worker of the process. Workers register themselves in `onModuleInit`. */
@Injectable()
export class BackgroundWork {
  private readonly workers: Worker[] = [];

  register(worker: Worker): void {
    this.workers.push(worker);
  }

  /** Names of the workers that have work. */
  async busy(): Promise<readonly string[]> {
    const names = await Promise.all(this.workers.map(async (worker) => ((await worker.busy()) ? worker.name : '')));
    return names.filter((name) => name !== '');
  }
}
