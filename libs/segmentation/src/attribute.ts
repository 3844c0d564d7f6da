import type { AttributeValue, FieldDefinition, FieldType } from './field';
import { parseDay, parseInstant } from './calendar';
import { textProblem } from './text';

/** A value in the form that is stored, `null` if it is missing, or what is wrong with it and what is allowed. */
export type ValueCheck = { readonly value: AttributeValue | null } | { readonly problem: string };

/** The most items that a list attribute may have. */
export const maxListItems = 1000;

const whole = /^[+-]?\d{1,16}$/;
const plainDecimal = /^[+-]?(\d+(\.\d*)?|\.\d+)$/;
const truths = new Set(['true', 'yes', '1', 't', 'y']);
const untruths = new Set(['false', 'no', '0', 'f', 'n']);

const messages = {
  integer: 'must be a whole number between -9007199254740991 and 9007199254740991',
  decimal: 'must be a decimal number of at most 15 significant digits, smaller than 10^15, such as 12.50',
  boolean: 'must be true or false (or yes, no, 1, 0, t, f)',
  date: 'must be an existing day such as 2026-03-31',
  datetime: 'must be a date and time with its zone, such as 2026-03-31T12:00:00Z or 2026-03-31T12:00:00+02:00',
  list: `must be a list of at most ${maxListItems} texts: a JSON array, or items separated by |`,
} as const;

/** Reads a cell of a CSV file. An empty cell is a missing value. White space around anything but text is ignored. */
export function parseValue(field: FieldDefinition, text: string): ValueCheck {
  if (text === '') return missing(field);
  if (field.type === 'string') return checked(field, text);
  const problem = field.type === 'string[]' ? undefined : textProblem(text);
  if (problem !== undefined) return { problem };
  const trimmed = text.trim();
  if (trimmed === '') return missing(field);
  switch (field.type) {
    case 'integer':
      return whole.test(trimmed) ? checked(field, Number(trimmed)) : { problem: messages.integer };
    case 'decimal':
      return plainDecimal.test(trimmed) && significantDigits(trimmed) <= 15
        ? checked(field, Number(trimmed))
        : { problem: messages.decimal };
    case 'boolean':
      return parseBoolean(trimmed);
    case 'string[]':
      return parseList(field, trimmed);
    default:
      return checked(field, trimmed);
  }
}

/** Checks a value of a JSON body. `null`, `undefined` and `''` are missing values. */
export function checkValue(field: FieldDefinition, json: unknown): ValueCheck {
  return json === null || json === undefined || json === '' ? missing(field) : checked(field, json);
}

/** Checks a literal for a field, whatever the field allows or requires of profiles. */
export function checkLiteral(type: FieldType, json: unknown): { value: AttributeValue } | { problem: string } {
  switch (type) {
    case 'string':
      return checkText(json);
    case 'integer':
      return typeof json === 'number' && Number.isSafeInteger(json)
        ? { value: json + 0 }
        : { problem: messages.integer };
    case 'decimal':
      return isDecimal(json) ? { value: json + 0 } : { problem: messages.decimal };
    case 'boolean':
      return typeof json === 'boolean' ? { value: json } : { problem: 'must be true or false' };
    case 'date':
      return typeof json === 'string' && parseDay(json) !== undefined ? { value: json } : { problem: messages.date };
    case 'datetime': {
      const instant = typeof json === 'string' ? parseInstant(json) : undefined;
      return instant === undefined ? { problem: messages.datetime } : { value: instant };
    }
    case 'string[]':
      return checkList(json);
  }
}

function missing(field: FieldDefinition): ValueCheck {
  return field.required ? { problem: 'is required' } : { value: null };
}

function checked(field: FieldDefinition, json: unknown): ValueCheck {
  const check = checkLiteral(field.type, json);
  if ('problem' in check || !field.allowedValues) return check;
  const allowed = allowedSet(field.allowedValues);
  const items = Array.isArray(check.value) ? (check.value as readonly string[]) : [check.value as string | number];
  return items.every((item) => allowed.has(item))
    ? check
    : { problem: `must be one of ${field.allowedValues.slice(0, 20).join(', ')}${allowed.size > 20 ? ' ...' : ''}` };
}

const allowedSets = new WeakMap<readonly unknown[], ReadonlySet<unknown>>();
function allowedSet(values: readonly unknown[]): ReadonlySet<unknown> {
  let set = allowedSets.get(values);
  if (!set) allowedSets.set(values, (set = new Set(values)));
  return set;
}

function checkText(json: unknown): { value: string } | { problem: string } {
  if (typeof json !== 'string') return { problem: 'must be text' };
  const problem = textProblem(json);
  return problem === undefined ? { value: json } : { problem };
}

/** At most 15 significant digits: so many survive the way through double precision and compare exactly. */
function isDecimal(json: unknown): json is number {
  if (typeof json !== 'number' || !Number.isFinite(json)) return false;
  const size = Math.abs(json);
  return size === 0 || (size < 1e15 && size >= 1e-15 && Number(json.toPrecision(15)) === json);
}

function significantDigits(decimal: string): number {
  const digits = decimal.replace(/[+.-]/g, '');
  return (decimal.includes('.') ? digits.replace(/0+$/, '') : digits).replace(/^0+/, '').length;
}

function parseBoolean(text: string): ValueCheck {
  const word = text.toLowerCase();
  if (truths.has(word)) return { value: true };
  return untruths.has(word) ? { value: false } : { problem: messages.boolean };
}

function parseList(field: FieldDefinition, text: string): ValueCheck {
  if (!text.startsWith('['))
    return checked(
      field,
      text.split('|').filter((item) => item !== ''),
    );
  try {
    return checked(field, JSON.parse(text));
  } catch {
    return { problem: messages.list };
  }
}

/** The items of a list, each once, in the order given. */
function checkList(json: unknown): { value: readonly string[] } | { problem: string } {
  if (!Array.isArray(json) || json.length > maxListItems) return { problem: messages.list };
  const items = new Set<string>();
  for (const item of json as unknown[]) {
    if (typeof item !== 'string') return { problem: messages.list };
    const problem = textProblem(item);
    if (problem !== undefined) return { problem: `an item ${problem}` };
    items.add(item);
  }
  return { value: [...items] };
}
