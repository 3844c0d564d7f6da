import { problems, type ProblemCode, type ProblemKind } from './problems';

/** One fault inside an input: a JSON pointer to the place, what is wrong there, and what is allowed. */
export interface FieldProblem {
  /** JSON pointer (RFC 6901) into the body, `''` for the whole. */
  readonly path: string;
  readonly message: string;
  /** A code from the same registry where a more exact one than the error's own applies. */
  readonly code?: ProblemCode;
}

export interface DomainErrorDetails {
  /** A sentence for people: what, where, and what is allowed. Never holds personal data. */
  readonly detail: string;
  readonly errors?: readonly FieldProblem[];
  /** Further members of the problem document (for example `status`, `allowed`, `users`). */
  readonly extra?: Readonly<Record<string, unknown>>;
}

/**
 * A refusal by a rule. Its code stands in the registry (`problems.ts`), which also gives its kind; the HTTP filter
 * turns kinds into status codes, so the domain knows none.
 */
export class DomainError extends Error {
  override readonly name = 'DomainError';
  readonly kind: ProblemKind;

  constructor(
    readonly code: ProblemCode,
    readonly details: DomainErrorDetails,
  ) {
    super(`${code}: ${details.detail}`);
    this.kind = problems[code].kind;
  }
}
