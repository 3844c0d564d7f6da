import { SetMetadata, applyDecorators } from '@nestjs/common';
import { ApiHeader } from '@nestjs/swagger';
import type { ServiceContext } from '../context/service-context';

export const READS_MODEL_METADATA = 'muster:reads-model';

export interface ReadsModelTarget {
  readonly context: ServiceContext;
  readonly projection: string;
}

/**
 * The route reads what this projection writes: with `Muster-Min-Position` it waits until that position is scanned, 2 s
 * at most, else 503 `READ_MODEL_BEHIND`.
 */
export function ReadsModel(context: ServiceContext, projection: string): MethodDecorator {
  const target: ReadsModelTarget = { context, projection };
  return applyDecorators(
    SetMetadata(READS_MODEL_METADATA, target),
    ApiHeader({
      name: 'Muster-Min-Position',
      required: false,
      description: 'The `Muster-Position` of an earlier answer: waits up to 2 s until that change can be read.',
    }),
  );
}
