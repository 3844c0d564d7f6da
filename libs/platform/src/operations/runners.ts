import type { Position } from '@muster/event-store';
import type { ProjectionStatus } from '@muster/projections';
import { Injectable } from '@nestjs/common';
import type { NamedProjections } from '../context/named-projections';
import type { ServiceContext } from '../context/service-context';

export interface ContextProjectionStatus extends ProjectionStatus {
  readonly context: ServiceContext;
}

/** The projection runners of every context in this process. */
@Injectable()
export class Runners {
  private readonly byContext = new Map<ServiceContext, NamedProjections>();

  add(context: ServiceContext, projections: NamedProjections): NamedProjections {
    this.byContext.set(context, projections);
    return projections;
  }

  async start(): Promise<void> {
    for (const projections of this.byContext.values()) await projections.start();
  }

  async stop(): Promise<void> {
    await Promise.all([...this.byContext.values()].map((projections) => projections.stop()));
  }

  async projectionStatus(): Promise<readonly ContextProjectionStatus[]> {
    const perContext = [...this.byContext].map(async ([context, projections]) =>
      (await projections.status()).map((status) => ({ ...status, context })),
    );
    return (await Promise.all(perContext)).flat();
  }

  /** Names of the projections that have not scanned `position` after `timeoutMs`. */
  async behind(position: Position, timeoutMs: number): Promise<readonly string[]> {
    const waits = [...this.byContext].flatMap(([context, projections]) =>
      projections.names.map(async (name) =>
        (await projections.waitFor(name, position, timeoutMs)) ? '' : `the projection ${context}.${name}`,
      ),
    );
    return (await Promise.all(waits)).filter((name) => name !== '');
  }
}
