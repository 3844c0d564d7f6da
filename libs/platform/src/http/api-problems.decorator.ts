import { problems, type ProblemCode } from '@muster/kernel';
import { applyDecorators } from '@nestjs/common';
import { ApiResponse } from '@nestjs/swagger';
import { problemDocument, statusOf } from './problem';

/** Documents the refusals of a route. What every route may answer (401, 403, 422 of the schema, 500, 503) is added to all. */
export function ApiProblems(...codes: readonly [ProblemCode, ...ProblemCode[]]): MethodDecorator & ClassDecorator {
  return applyDecorators(
    ...[...groupByStatus(codes)].map(([status, group]) => ApiResponse({ status, ...problemResponse(group) })),
  );
}

export interface ProblemResponse {
  readonly description: string;
  readonly content: Record<
    string,
    { readonly schema: { readonly $ref: string }; readonly examples: Record<string, { readonly value: unknown }> }
  >;
}

/** An OpenAPI response with one example per code. */
export function problemResponse(codes: readonly ProblemCode[]): ProblemResponse {
  return {
    description: codes.map((code) => `\`${code}\`: ${problems[code].title}.`).join(' '),
    content: {
      'application/problem+json': {
        schema: { $ref: '#/components/schemas/Problem' },
        examples: Object.fromEntries(
          codes.map((code) => [
            code,
            { value: problemDocument(code, `${problems[code].title}.`, '5f0c6c1e-8a55-4a0f-9d0c-0d6c2f3f1b7a') },
          ]),
        ),
      },
    },
  };
}

export function groupByStatus(codes: readonly ProblemCode[]): ReadonlyMap<number, readonly ProblemCode[]> {
  const groups = new Map<number, ProblemCode[]>();
  for (const code of codes) groups.set(statusOf(code), [...(groups.get(statusOf(code)) ?? []), code]);
  return groups;
}
