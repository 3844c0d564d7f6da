import { problems, type FieldProblem, type ProblemCode, type ProblemKind } from '@muster/kernel';

/** The only place that knows HTTP numbers for refusals. */
export const STATUS_OF_KIND: Readonly<Record<ProblemKind, number>> = {
  invalid: 422,
  'not-found': 404,
  conflict: 409,
  forbidden: 403,
  'too-large': 413,
  stale: 412,
  unauthenticated: 401,
  unavailable: 503,
  malformed: 400,
  gone: 410,
  'unsupported-media': 415,
  internal: 500,
};

export function statusOf(code: ProblemCode): number {
  return STATUS_OF_KIND[problems[code].kind];
}

/** RFC 9457, `application/problem+json`. */
export interface ProblemDocument {
  readonly type: string;
  readonly title: string;
  readonly status: number;
  readonly code: ProblemCode;
  readonly detail: string;
  readonly correlationId: string;
  readonly errors?: readonly FieldProblem[];
  readonly [extra: string]: unknown;
}

export function problemDocument(
  code: ProblemCode,
  detail: string,
  correlationId: string,
  more: { readonly errors?: readonly FieldProblem[]; readonly extra?: Readonly<Record<string, unknown>> } = {},
): ProblemDocument {
  return {
    ...more.extra,
    type: `urn:muster:problem:${code}`,
    title: problems[code].title,
    status: statusOf(code),
    code,
    detail,
    correlationId,
    ...(more.errors && { errors: more.errors }),
  };
}
