import type { FieldProblem } from '@muster/kernel';
import { checkLiteral, maxListItems } from './attribute';
import { parseDay } from './calendar';
import { periods, type Operator } from './condition';
import type { FieldType } from './field';
import { pointer } from './field-definition';
import { parsePattern, PatternProblem } from './pattern';

/** The most values of one list (`in`, `notIn`, `hasAny` ...). */
export const maxListValues = 100_000;
const maxDays = 36_500;

export type Checked = { readonly value: unknown } | { readonly problems: readonly FieldProblem[] };

function refused(path: string, message: string): Checked {
  return { problems: [{ path, message }] };
}

/** Checks the `value` of a leaf; what is valid comes back in the form that evaluators take. */
export function checkOperand(op: Operator, type: FieldType, value: unknown, path: string): Checked {
  switch (op) {
    case 'in':
    case 'notIn':
    case 'hasAny':
    case 'hasAll':
    case 'hasNone':
      return checkTexts(value, path);
    case 'contains':
    case 'notContains':
    case 'startsWith':
    case 'endsWith':
      return value === '' ? refused(path, 'must not be empty') : literal('string', value, path);
    case 'matches':
      return checkPattern(value, path);
    case 'between':
      return checkBetween(type, value, path);
    case 'sizeBetween':
      return checkSizes(value, path);
    case 'withinLast':
    case 'withinNext':
    case 'olderThan':
      return checkSpan(value, path);
    case 'before':
    case 'after':
      return checkDay(value, path);
    case 'anniversaryWithin':
      return checkDays(value, path, 0, 364);
    case 'weekday':
      return checkNumbers(value, path, 7, 'weekdays from 1 (Monday) to 7 (Sunday)');
    case 'month':
      return checkNumbers(value, path, 12, 'months from 1 to 12');
    case 'during':
      return periods.some((period) => period === value)
        ? { value }
        : refused(path, `must be one of ${periods.join(', ')}`);
    default:
      return literal(type, value, path);
  }
}

function literal(type: FieldType, value: unknown, path: string): Checked {
  const check = checkLiteral(type, value);
  return 'problem' in check ? refused(path, check.problem) : check;
}

function checkTexts(value: unknown, path: string): Checked {
  if (!Array.isArray(value)) return refused(path, 'must be a list of texts');
  if (value.length === 0) return refused(path, 'must have at least one value');
  if (value.length > maxListValues) return refused(path, `must have at most ${maxListValues} values`);
  const texts = new Set<unknown>();
  for (const [index, item] of (value as unknown[]).entries()) {
    const check = checkLiteral('string', item);
    if ('problem' in check) return refused(`${path}/${index}`, check.problem);
    texts.add(item);
  }
  return { value: [...texts] };
}

function checkPattern(value: unknown, path: string): Checked {
  const check = checkLiteral('string', value);
  if ('problem' in check || typeof value !== 'string') {
    return refused(path, 'problem' in check ? check.problem : 'must be text');
  }
  try {
    parsePattern(value);
    return { value };
  } catch (error) {
    if (error instanceof PatternProblem) return refused(path, error.message);
    throw error;
  }
}

/** An object of JSON with no members but these; whether they are there is for the caller to see. */
export function membersOf(
  value: unknown,
  allowed: readonly string[],
  path: string,
): { readonly members: ReadonlyMap<string, unknown> } | { readonly problems: readonly FieldProblem[] } {
  if (!isPlainObject(value)) {
    return { problems: [{ path, message: `must be an object with ${allowed.join(', ')}` }] };
  }
  const problems: FieldProblem[] = [];
  const members = new Map<string, unknown>();
  for (const name of Object.keys(value).slice(0, allowed.length + 20)) {
    if (allowed.includes(name)) members.set(name, value[name]);
    else {
      problems.push({
        path: `${path}/${pointer(name)}`,
        message: `is not allowed here; allowed are ${allowed.join(', ')}`,
      });
    }
  }
  return problems.length > 0 ? { problems } : { members };
}

/** An object as JSON makes them, of whatever realm. */
export function isPlainObject(value: unknown): value is Record<string, unknown> {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) return false;
  const prototype: unknown = Object.getPrototypeOf(value);
  return prototype === null || Object.getPrototypeOf(prototype) === null;
}

function checkBetween(type: FieldType, value: unknown, path: string): Checked {
  const read = membersOf(value, ['from', 'to'], path);
  if ('problems' in read) return read;
  const from = literal(type, read.members.get('from'), `${path}/from`);
  const to = literal(type, read.members.get('to'), `${path}/to`);
  if ('problems' in from || 'problems' in to) {
    return { problems: [...('problems' in from ? from.problems : []), ...('problems' in to ? to.problems : [])] };
  }
  const ends = { from: from.value as string | number, to: to.value as string | number };
  return ends.from <= ends.to ? { value: ends } : refused(`${path}/to`, 'must not be less than from');
}

function checkSizes(value: unknown, path: string): Checked {
  const between = checkBetween('integer', value, path);
  if ('problems' in between) return between;
  const { from, to } = between.value as { from: number; to: number };
  return from >= 0 && to <= maxListItems ? between : refused(path, `must be sizes from 0 to ${maxListItems}`);
}

function integerWithin(value: unknown, min: number, max: number): value is number {
  return typeof value === 'number' && Number.isInteger(value) && value >= min && value <= max;
}

function checkSpan(value: unknown, path: string): Checked {
  const read = membersOf(value, ['days', 'mode'], path);
  if ('problems' in read) return read;
  const days = read.members.get('days');
  const mode = read.members.get('mode') ?? 'rolling';
  if (!integerWithin(days, 1, maxDays)) return refused(`${path}/days`, `must be a whole number from 1 to ${maxDays}`);
  if (mode !== 'rolling' && mode !== 'calendar') return refused(`${path}/mode`, 'must be rolling or calendar');
  return { value: { days, mode } };
}

function checkDays(value: unknown, path: string, min: number, max: number): Checked {
  const read = membersOf(value, ['days'], path);
  if ('problems' in read) return read;
  const days = read.members.get('days');
  return integerWithin(days, min, max)
    ? { value: { days: days + 0 } }
    : refused(`${path}/days`, `must be a whole number from ${min} to ${max}`);
}

function checkDay(value: unknown, path: string): Checked {
  if (isPlainObject(value)) return checkDays(value, path, -maxDays, maxDays);
  if (typeof value === 'string') {
    const day = parseDay(value);
    // Its neighbours have to have a name of four digits too.
    if (day !== undefined && value > '0001-01-02' && value < '9999-12-30') return { value };
  }
  return refused(path, 'must be a day such as 2026-03-31, or { "days": n } counted from today');
}

function checkNumbers(value: unknown, path: string, max: number, allowed: string): Checked {
  if (!Array.isArray(value) || value.length === 0 || value.length > max) {
    return refused(path, `must be a list of ${allowed}`);
  }
  const items = value as unknown[];
  const wrong = items.findIndex((item, index) => !integerWithin(item, 1, max) || items.indexOf(item) !== index);
  return wrong < 0 ? { value: [...items] } : refused(`${path}/${wrong}`, `must be one of the ${allowed}, once`);
}
