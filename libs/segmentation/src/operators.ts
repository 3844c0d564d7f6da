import type { Operator } from './condition';
import type { FieldType } from './field';

const presence = ['empty', 'notEmpty'] as const;
const ordered = ['eq', 'ne', 'lt', 'lte', 'gt', 'gte', 'between', ...presence] as const;
const dates = [
  ...ordered,
  'withinLast',
  'withinNext',
  'olderThan',
  'before',
  'after',
  'anniversaryWithin',
  'weekday',
  'month',
  'during',
] as const;

/** Which operators a field of each type has. */
export const operatorsOf: Readonly<Record<FieldType, readonly Operator[]>> = {
  string: ['eq', 'ne', 'in', 'notIn', 'contains', 'notContains', 'startsWith', 'endsWith', 'matches', ...presence],
  integer: ordered,
  decimal: ordered,
  boolean: ['eq', ...presence],
  date: dates,
  datetime: dates,
  'string[]': ['hasAny', 'hasAll', 'hasNone', 'sizeBetween', ...presence],
};

/** Operators on text that know `ignoreCase`. */
export const foldable: ReadonlySet<Operator> = new Set([
  'eq',
  'ne',
  'in',
  'notIn',
  'contains',
  'notContains',
  'startsWith',
  'endsWith',
  'matches',
]);

/** Operators that look at a calendar and so know `timeZone`. */
export const zoned: ReadonlySet<Operator> = new Set([
  'withinLast',
  'withinNext',
  'olderThan',
  'before',
  'after',
  'anniversaryWithin',
  'weekday',
  'month',
  'during',
]);
