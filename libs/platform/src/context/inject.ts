import { Inject } from '@nestjs/common';
import type { ServiceContext } from './service-context';

export function poolToken(context: ServiceContext): string {
  return `muster:${context}:pool`;
}

export function projectionsToken(context: ServiceContext): string {
  return `muster:${context}:projections`;
}

export function leasesToken(context: ServiceContext): string {
  return `muster:${context}:leases`;
}

/** Injects the context's `pg` pool: it acts as the context's role and finds unqualified names in its schema. */
export function InjectPool(context: ServiceContext): ParameterDecorator & PropertyDecorator {
  return Inject(poolToken(context));
}

/** Injects the context's `Projections`: register in `onModuleInit`, the platform starts and stops it. */
export function InjectProjections(context: ServiceContext): ParameterDecorator & PropertyDecorator {
  return Inject(projectionsToken(context));
}

/** Injects the context's {@link Leases}. */
export function InjectLeases(context: ServiceContext): ParameterDecorator & PropertyDecorator {
  return Inject(leasesToken(context));
}
