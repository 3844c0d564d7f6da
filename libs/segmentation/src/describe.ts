import type { Condition, DayOffset, DaySpan, FieldCondition } from './condition';

const comparisons = { eq: 'is', ne: 'is not', lt: '<', lte: '<=', gt: '>', gte: '>=' } as const;
const words = {
  contains: 'contains',
  notContains: 'does not contain',
  startsWith: 'starts with',
  endsWith: 'ends with',
  matches: 'matches',
} as const;
const weekdays = ['Monday', 'Tuesday', 'Wednesday', 'Thursday', 'Friday', 'Saturday', 'Sunday'];
const months = [
  'January',
  'February',
  'March',
  'April',
  'May',
  'June',
  'July',
  'August',
  'September',
  'October',
  'November',
  'December',
];
const periods = {
  today: 'today',
  yesterday: 'yesterday',
  last7Days: 'in the last 7 days',
  last30Days: 'in the last 30 days',
  thisMonth: 'this month',
  lastMonth: 'last month',
  thisYear: 'this year',
} as const;

/** A condition as one line of English, for screens. It holds literals: never for logs. */
export function describe(condition: Condition): string {
  return describeInside(condition, false);
}

function describeInside(condition: Condition, inside: boolean): string {
  if ('not' in condition) return `not (${describeInside(condition.not, false)})`;
  if (!('all' in condition) && !('any' in condition)) return describeLeaf(condition);
  const [parts, word] = 'all' in condition ? [condition.all, ' and '] : [condition.any, ' or '];
  const text = parts.map((part) => describeInside(part, parts.length > 1)).join(word);
  return inside && parts.length > 1 ? `(${text})` : text;
}

function describeLeaf(leaf: FieldCondition): string {
  const zone = 'timeZone' in leaf && leaf.timeZone !== 'UTC' ? ` (${leaf.timeZone})` : '';
  const fold = 'ignoreCase' in leaf && leaf.ignoreCase ? ' (any case)' : '';
  return `${leaf.field} ${predicate(leaf)}${fold}${zone}`;
}

function literal(value: unknown): string {
  return JSON.stringify(value);
}

/** At most three of them, and how many more there are. */
function list(values: readonly unknown[]): string {
  const more = values.length > 3 ? ` and ${values.length - 3} more` : '';
  return `${values.slice(0, 3).map(literal).join(', ')}${more}`;
}

function span({ days, mode }: DaySpan): string {
  const unit = days === 1 ? 'day' : 'days';
  return mode === 'calendar' ? `${days} calendar ${unit}` : `${days} ${unit}`;
}

function dayName(value: string | DayOffset): string {
  if (typeof value === 'string') return value;
  if (value.days === 0) return 'today';
  const count = Math.abs(value.days);
  return `${count} ${count === 1 ? 'day' : 'days'} ${value.days < 0 ? 'ago' : 'from today'}`;
}

function predicate(leaf: FieldCondition): string {
  switch (leaf.op) {
    case 'empty':
      return 'is empty';
    case 'notEmpty':
      return 'is not empty';
    case 'in':
      return `is one of ${list(leaf.value)}`;
    case 'notIn':
      return `is none of ${list(leaf.value)}`;
    case 'between':
      return `is between ${literal(leaf.value.from)} and ${literal(leaf.value.to)}`;
    case 'withinLast':
      return `is within the last ${span(leaf.value)}`;
    case 'withinNext':
      return `is within the next ${span(leaf.value)}`;
    case 'olderThan':
      return `is older than ${span(leaf.value)}`;
    case 'before':
    case 'after':
      return `is ${leaf.op} ${dayName(leaf.value)}`;
    case 'anniversaryWithin':
      return leaf.value.days === 0
        ? 'has its anniversary today'
        : `has its anniversary within the next ${span(leaf.value)}`;
    case 'weekday':
      return `is on a ${leaf.value.map((day) => weekdays[day - 1]).join(', ')}`;
    case 'month':
      return `is in ${leaf.value.map((month) => months[month - 1]).join(', ')}`;
    case 'during':
      return `is ${periods[leaf.value]}`;
    case 'hasAny':
      return `has any of ${list(leaf.value)}`;
    case 'hasAll':
      return `has all of ${list(leaf.value)}`;
    case 'hasNone':
      return `has none of ${list(leaf.value)}`;
    case 'sizeBetween':
      return `has ${leaf.value.from} to ${leaf.value.to} items`;
    case 'contains':
    case 'notContains':
    case 'startsWith':
    case 'endsWith':
    case 'matches':
      return `${words[leaf.op]} ${literal(leaf.value)}`;
    default:
      return `${comparisons[leaf.op]} ${literal(leaf.value)}`;
  }
}
