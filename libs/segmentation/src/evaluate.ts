import { RE2JS } from 're2js';
import type { Condition, FieldCondition, MembershipLeaf, TextLeaf } from './condition';
import type { Attributes, AttributeValue, FieldType, ProfileSchema } from './field';
import { foldText } from './fold';
import { foldPattern } from './fold-pattern';
import { anniversaries, resolveInterval, type RelativeLeaf } from './interval';
import { parsePattern } from './pattern';
import { re2Pattern } from './re2-pattern';
import { zoneOffsets } from './time-zone';

export interface EvaluationContext {
  readonly schema: ProfileSchema;
  readonly now: Date;
}

/** What one leaf says about one profile. */
export interface LeafExplanation {
  /** JSON pointer into the condition. */
  readonly path: string;
  readonly leaf: FieldCondition;
  readonly holds: boolean;
  /** The value seen; `null` if it is missing. Personal data: for the answer only, never for logs. */
  readonly value: AttributeValue | null;
}

/** Whether a profile meets a validated condition: the reference that the SQL must agree with. */
export function evaluate(condition: Condition, attributes: Attributes, context: EvaluationContext): boolean {
  return prepare(condition, context)(attributes);
}

/** The same for many profiles: patterns, lists and periods are worked out once. */
export function prepare(condition: Condition, context: EvaluationContext): (attributes: Attributes) => boolean {
  if ('all' in condition) {
    const parts = condition.all.map((part) => prepare(part, context));
    return (attributes) => parts.every((part) => part(attributes));
  }
  if ('any' in condition) {
    const parts = condition.any.map((part) => prepare(part, context));
    return (attributes) => parts.some((part) => part(attributes));
  }
  if ('not' in condition) {
    const inner = prepare(condition.not, context);
    return (attributes) => !inner(attributes);
  }
  const test = prepareLeaf(condition, context);
  return (attributes) => test(attributes[condition.field] ?? null);
}

/** For each leaf, in the order of the script: does it hold, and for which value. */
export function explain(
  condition: Condition,
  attributes: Attributes,
  context: EvaluationContext,
  path = '',
): LeafExplanation[] {
  if ('all' in condition) {
    return condition.all.flatMap((part, index) => explain(part, attributes, context, `${path}/all/${index}`));
  }
  if ('any' in condition) {
    return condition.any.flatMap((part, index) => explain(part, attributes, context, `${path}/any/${index}`));
  }
  if ('not' in condition) return explain(condition.not, attributes, context, `${path}/not`);
  const value = attributes[condition.field] ?? null;
  return [{ path, leaf: condition, holds: prepareLeaf(condition, context)(value), value }];
}

type Test = (value: AttributeValue | null) => boolean;

function present(test: (value: AttributeValue) => boolean): Test {
  return (value) => value !== null && test(value);
}

function negated(test: Test): Test {
  return (value) => !test(value);
}

const isEmpty: Test = (value) => value === null || value === '' || (Array.isArray(value) && value.length === 0);

function prepareLeaf(leaf: FieldCondition, context: EvaluationContext): Test {
  switch (leaf.op) {
    case 'empty':
      return isEmpty;
    case 'notEmpty':
      return negated(isEmpty);
    case 'eq':
    case 'ne': {
      const fold = folding(leaf.ignoreCase);
      const wanted = fold(leaf.value);
      const equal = present((value) => fold(value) === wanted);
      return leaf.op === 'eq' ? equal : negated(equal);
    }
    case 'lt':
      return present((value) => value < leaf.value);
    case 'lte':
      return present((value) => value <= leaf.value);
    case 'gt':
      return present((value) => value > leaf.value);
    case 'gte':
      return present((value) => value >= leaf.value);
    case 'between':
      return present((value) => value >= leaf.value.from && value <= leaf.value.to);
    case 'in':
    case 'notIn':
      return membership(leaf);
    case 'contains':
    case 'notContains':
    case 'startsWith':
    case 'endsWith':
    case 'matches':
      return text(leaf);
    case 'hasAny':
    case 'hasNone': {
      const wanted = new Set(leaf.value);
      const found = present((value) => itemsOf(value).some((item) => wanted.has(item)));
      return leaf.op === 'hasAny' ? found : negated(found);
    }
    case 'hasAll':
      return present((value) => leaf.value.every((wanted) => itemsOf(value).includes(wanted)));
    case 'sizeBetween':
      return present((value) => itemsOf(value).length >= leaf.value.from && itemsOf(value).length <= leaf.value.to);
    case 'weekday': {
      const local = localDate(leaf, context);
      return present((value) => leaf.value.includes(local(value).getUTCDay() || 7));
    }
    case 'month': {
      const local = localDate(leaf, context);
      return present((value) => leaf.value.includes(local(value).getUTCMonth() + 1));
    }
    case 'anniversaryWithin': {
      const local = localDate(leaf, context);
      const days = anniversaries(leaf.value.days, leaf.timeZone ?? 'UTC', context.now);
      return present((value) => days.includes((local(value).getUTCMonth() + 1) * 100 + local(value).getUTCDate()));
    }
    default:
      return relative(leaf, context);
  }
}

function itemsOf(value: AttributeValue): readonly string[] {
  return Array.isArray(value) ? (value as readonly string[]) : [];
}

function folding(ignoreCase: boolean | undefined): (value: AttributeValue) => AttributeValue {
  return (value) => (ignoreCase && typeof value === 'string' ? foldText(value) : value);
}

function membership(leaf: MembershipLeaf): Test {
  const fold = folding(leaf.ignoreCase);
  const wanted = new Set(leaf.value.map(fold));
  const found = present((value) => wanted.has(fold(value)));
  return leaf.op === 'in' ? found : negated(found);
}

function text(leaf: TextLeaf): Test {
  const fold = folding(leaf.ignoreCase);
  const subject = (value: AttributeValue): string => String(fold(value));
  if (leaf.op === 'matches') {
    const pattern = parsePattern(leaf.value);
    const compiled = RE2JS.compile(re2Pattern(leaf.ignoreCase ? foldPattern(pattern) : pattern));
    return present((value) => compiled.matcher(subject(value)).find());
  }
  const wanted = subject(leaf.value);
  switch (leaf.op) {
    case 'contains':
      return present((value) => subject(value).includes(wanted));
    case 'notContains':
      return negated(present((value) => subject(value).includes(wanted)));
    case 'startsWith':
      return present((value) => subject(value).startsWith(wanted));
    case 'endsWith':
      return present((value) => subject(value).endsWith(wanted));
  }
}

function typeOf(field: string, { schema }: EvaluationContext): FieldType | undefined {
  return schema.fields.find(({ name }) => name === field)?.type;
}

/** The day and time on the wall, as if it were UTC. */
function localDate(
  leaf: { readonly field: string; readonly timeZone?: string },
  context: EvaluationContext,
): (value: AttributeValue) => Date {
  if (typeOf(leaf.field, context) === 'date') return (value) => new Date(`${String(value)}T00:00:00Z`);
  const { changes, offsets } = zoneOffsets(leaf.timeZone ?? 'UTC');
  return (value) => {
    const instant = Date.parse(String(value));
    return new Date(instant + (offsets[changes.findLastIndex((change) => change <= instant) + 1] ?? 0));
  };
}

function relative(leaf: RelativeLeaf, context: EvaluationContext): Test {
  const type = typeOf(leaf.field, context) === 'date' ? 'date' : 'datetime';
  const { lower, upper } = resolveInterval(leaf, type, context.now);
  const after = (value: AttributeValue): boolean =>
    !lower || value > lower.value || (lower.included && value === lower.value);
  const before = (value: AttributeValue): boolean =>
    !upper || value < upper.value || (upper.included && value === upper.value);
  return present((value) => after(value) && before(value));
}
