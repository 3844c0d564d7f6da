import { ProjectionRunner, type Projection, type Projections, type ProjectionRunnerOptions } from '@muster/projections';
import { Logger } from '@nestjs/common';
import { correlationOf } from '../operations/error-for-log';
import { crashPoint } from '../crash-point';
import type { ServiceContext } from './service-context';

/** A runner that knows what it was given, also before the first generation of it stands in the database. */
export class NamedProjections extends ProjectionRunner implements Projections {
  private readonly registered: string[] = [];

  get names(): readonly string[] {
    return this.registered;
  }

  override register(projection: Projection): void {
    super.register(mortal(projection));
    this.registered.push(projection.name);
  }
}

export function createProjections(
  context: ServiceContext,
  parts: Pick<ProjectionRunnerOptions, 'pool' | 'leases' | 'store' | 'clock'>,
): NamedProjections {
  const logger = new Logger('Projections');
  return new NamedProjections({
    ...parts,
    schema: context,
    onStopped: (name, err) => {
      const about = { context, projection: name, ...correlationOf(err) };
      logger.error({ ...about, err }, 'a projection stopped: it goes on after a restart or a rebuild');
    },
    onInterrupted: (name, err) => {
      logger.warn({ context, projection: name, err }, 'a projection was interrupted and tries again');
    },
  });
}

/** Tests kill the process after a batch's rows are written and before they are committed. */
function mortal(projection: Projection): Projection {
  return {
    ...projection,
    async apply(events, client) {
      await projection.apply(events, client);
      crashPoint(`projection.${projection.name}`);
    },
  };
}
