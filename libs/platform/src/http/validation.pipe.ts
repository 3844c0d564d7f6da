import { DomainError, type FieldProblem } from '@muster/kernel';
import { Injectable, ValidationPipe, type ArgumentMetadata, type ValidationError } from '@nestjs/common';
import { Readable } from 'node:stream';

/** DTOs are checked against their class: what it does not name is refused, and values become instances. */
@Injectable()
export class SchemaValidationPipe extends ValidationPipe {
  constructor() {
    super({
      whitelist: true,
      forbidNonWhitelisted: true,
      transform: true,
      stopAtFirstError: true,
      exceptionFactory: (errors) => validationFailed(errors),
    });
  }

  override transform(value: unknown, metadata: ArgumentMetadata): Promise<unknown> {
    if (metadata.type === 'body' && value instanceof Readable) {
      throw new DomainError('UNSUPPORTED_MEDIA_TYPE', { detail: 'Send the body as application/json.' });
    }
    return super.transform(value, metadata) as Promise<unknown>;
  }
}

export function validationFailed(errors: readonly ValidationError[]): DomainError {
  const fields = errors.flatMap((error) => fieldProblems(error, ''));
  return new DomainError('VALIDATION_FAILED', {
    detail: `${String(fields.length)} ${fields.length === 1 ? 'member does' : 'members do'} not meet the schema.`,
    errors: fields,
  });
}

/** The messages of class-validator name the property and the rule, never the value. */
function fieldProblems(error: ValidationError, parent: string): FieldProblem[] {
  const path = `${parent}/${error.property.replaceAll('~', '~0').replaceAll('/', '~1')}`;
  const own = Object.values(error.constraints ?? {}).map((message) => ({ path, message }));
  return [...own, ...(error.children ?? []).flatMap((child) => fieldProblems(child, path))];
}
