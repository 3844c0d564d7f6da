import type { Leases } from '@muster/postgres';
import { Injectable } from '@nestjs/common';
import type { Pool } from 'pg';
import type { ServiceContext } from './service-context';

/** The contexts in this process, for what is one per process and works in each context's schema. */
@Injectable()
export class Contexts {
  private readonly poolsByContext = new Map<string, Pool>();
  private readonly leases = new Map<string, Leases>();

  addPool(context: ServiceContext, pool: Pool): Pool {
    this.poolsByContext.set(context, pool);
    return pool;
  }

  addLeases<L extends Leases>(context: ServiceContext, leases: L): L {
    this.leases.set(context, leases);
    return leases;
  }

  /** Each context with its pool. */
  pools(): Iterable<readonly [string, Pool]> {
    return this.poolsByContext;
  }

  /** `campaigns.audience-progress` works in the schema of `campaigns`. */
  poolOfConsumer(consumer: string): Pool {
    return ofConsumer(this.poolsByContext, consumer);
  }

  leasesOfConsumer(consumer: string): Leases {
    return ofConsumer(this.leases, consumer);
  }
}

function ofConsumer<T>(byContext: ReadonlyMap<string, T>, consumer: string): T {
  const found = byContext.get(consumer.split('.', 1)[0] ?? '');
  if (found) return found;
  throw new Error(`the consumer ${consumer} must be called <context>.<name>, for a context of this process`);
}
