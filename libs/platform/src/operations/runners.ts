import type { Position } from '@muster/event-store';
import type { Projections, ProjectionStatus } from '@muster/projections';
import { Injectable } from '@nestjs/common';
import type { ServiceContext } from '../context/service-context';

export interface ContextProjectionStatus extends ProjectionStatus {
  readonly context: ServiceContext;
}

/** The projection runners of every context in this process. */
@Injectable()
export class Runners {
  private readonly byContext = new Map<ServiceContext, Projections>();

  add(context: ServiceContext, projections: Projections): Projections {
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
    const waits = [...this.byContext].map(([context, projections]) =>
      this.waits(context, projections, position, timeoutMs),
    );
    return (await Promise.all(waits)).flat();
  }

  private async waits(
    context: ServiceContext,
    projections: Projections,
    position: Position,
    timeoutMs: number,
  ): Promise<readonly string[]> {
    const names = (await projections.status()).map(({ name }) => name);
    const seen = await Promise.all(names.map((name) => projections.waitFor(name, position, timeoutMs)));
    return names.filter((_, index) => seen[index] !== true).map((name) => `${context}.${name}`);
  }
}
