import type { FieldProblem } from '@muster/kernel';
import { fieldTypes, type FieldDefinition, type FieldType } from './field';
import { checkLiteral } from './attribute';
import { textProblem } from './text';

export const maxFields = 500;
export const maxAllowedValues = 1000;
const fieldName = /^[a-z][a-zA-Z0-9_]{0,62}$/;

/** Names that mean something of their own beside attributes, or that every object has. */
export const reservedFieldNames: ReadonlySet<string> = new Set([
  'externalId',
  'profileNo',
  'profileNumber',
  'databaseId',
  'group',
  'stratum',
  ...Object.getOwnPropertyNames(Object.prototype),
]);

const members = new Set(['name', 'type', 'required', 'unique', 'allowedValues', 'personal', 'label']);

/** The problems of a list of field definitions, with JSON pointers below `path`; none: it is a `FieldDefinition[]`. */
export function validateFields(fields: unknown, path = '/fields'): FieldProblem[] {
  if (!Array.isArray(fields)) return [{ path, message: 'must be a list of field definitions' }];
  if (fields.length > maxFields) return [{ path, message: `must have at most ${maxFields} fields` }];
  const seen = new Set<string>();
  return (fields as unknown[]).flatMap((field, index) => {
    const at = `${path}/${index}`;
    const problems = validateField(field, at);
    if (problems.length > 0) return problems;
    const { name } = field as FieldDefinition;
    if (seen.has(name)) return [{ path: `${at}/name`, message: `is used twice: ${name}` }];
    seen.add(name);
    return [];
  });
}

/** The problems of one field definition; none: it is a `FieldDefinition`. */
export function validateField(field: unknown, path = ''): FieldProblem[] {
  if (typeof field !== 'object' || field === null || Array.isArray(field)) {
    return [{ path, message: 'must be a field definition: an object with name and type' }];
  }
  const definition = field as Record<string, unknown>;
  const problems: FieldProblem[] = [];
  const refuse = (member: string, message: string): void => {
    problems.push({ path: `${path}/${member}`, message });
  };
  for (const member of Object.keys(definition)) {
    if (!members.has(member)) refuse(pointer(member), `is not a member; allowed are ${[...members].join(', ')}`);
  }
  const nameFault = nameProblem(definition['name']);
  if (nameFault !== undefined) refuse('name', nameFault);
  const type = fieldTypes.find((known) => known === definition['type']);
  if (type === undefined) refuse('type', `must be one of ${fieldTypes.join(', ')}`);
  for (const flag of ['required', 'unique', 'personal']) {
    if (!['undefined', 'boolean'].includes(typeof definition[flag])) refuse(flag, 'must be true or false');
  }
  if (definition['unique'] === true && (type === 'boolean' || type === 'string[]')) {
    refuse('unique', `cannot be set for a ${type} field`);
  }
  const label = definition['label'];
  if (label !== undefined && (typeof label !== 'string' || label.length > 200 || textProblem(label) !== undefined)) {
    refuse('label', 'must be text of at most 200 characters');
  }
  if (type !== undefined && definition['allowedValues'] !== undefined) {
    problems.push(...allowedValueProblems(definition['allowedValues'], type, `${path}/allowedValues`));
  }
  return problems;
}

function nameProblem(name: unknown): string | undefined {
  if (typeof name !== 'string' || !fieldName.test(name)) {
    return 'must begin with a small letter and have at most 63 letters (a-z, A-Z), digits and underscores';
  }
  return reservedFieldNames.has(name) ? `is reserved: ${name}` : undefined;
}

function allowedValueProblems(values: unknown, type: FieldType, path: string): FieldProblem[] {
  if (type === 'boolean') return [{ path, message: 'cannot be set for a boolean field' }];
  if (!Array.isArray(values) || values.length === 0 || values.length > maxAllowedValues) {
    return [{ path, message: `must be a list of 1 to ${maxAllowedValues} values` }];
  }
  const itemType = type === 'string[]' ? 'string' : type;
  const seen = new Set<unknown>();
  return (values as unknown[]).flatMap((value, index) => {
    const at = `${path}/${index}`;
    const check = checkLiteral(itemType, value);
    if ('problem' in check) return [{ path: at, message: check.problem }];
    if (check.value !== value) return [{ path: at, message: `must be written as ${String(check.value)}` }];
    if (value === '') return [{ path: at, message: 'must not be empty' }];
    if (seen.has(value)) return [{ path: at, message: 'is listed twice' }];
    seen.add(value);
    return [];
  });
}

/** A member's name as a JSON pointer token (RFC 6901), cut to a readable length. */
export function pointer(member: string): string {
  return member.slice(0, 100).replace(/~/g, '~0').replace(/\//g, '~1');
}

/**
 * The type of a field's column in the typed table. `decimal` is double precision: with at most 15 significant digits
 * each value has a double of its own and comes back unchanged, so comparing is exact, in 8 bytes and without the cost
 * of numeric; only sums can be off, by less than 1 in 10^15 per addend.
 */
export function sqlType(field: Pick<FieldDefinition, 'type'>): string {
  switch (field.type) {
    case 'string':
      return 'text COLLATE "C"';
    case 'integer':
      return 'bigint';
    case 'decimal':
      return 'double precision';
    case 'boolean':
      return 'boolean';
    case 'date':
      return 'date';
    case 'datetime':
      return 'timestamptz';
    case 'string[]':
      return 'text[] COLLATE "C"';
  }
}
