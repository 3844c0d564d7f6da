/** Compared with a value of the field's own type. */
export type ComparisonOperator = 'eq' | 'ne' | 'lt' | 'lte' | 'gt' | 'gte';
export type TextOperator = 'contains' | 'notContains' | 'startsWith' | 'endsWith' | 'matches';
export type DateOperator =
  'withinLast' | 'withinNext' | 'olderThan' | 'before' | 'after' | 'anniversaryWithin' | 'weekday' | 'month' | 'during';
export type ListOperator = 'hasAny' | 'hasAll' | 'hasNone' | 'sizeBetween';
export type Operator =
  ComparisonOperator | 'in' | 'notIn' | 'between' | 'empty' | 'notEmpty' | TextOperator | DateOperator | ListOperator;

export const periods = ['today', 'yesterday', 'last7Days', 'last30Days', 'thisMonth', 'lastMonth', 'thisYear'] as const;
/** A calendar period around now, in the condition's time zone. */
export type Period = (typeof periods)[number];

type Scalar = string | number | boolean;

/** `rolling`: days of 24 hours back or forth from now; `calendar`: whole days of the time zone. */
export interface DaySpan {
  /** 1 to 36,500. */
  readonly days: number;
  /** Default `rolling`; a validated condition always says it. */
  readonly mode?: 'rolling' | 'calendar';
}

/** A day relative to today in the condition's time zone: -1 is yesterday; -36,500 to 36,500. */
export interface DayOffset {
  readonly days: number;
}

/** Both ends are included. */
export interface Between<T> {
  readonly from: T;
  readonly to: T;
}

interface Leaf<Op extends Operator, Value> {
  readonly field: string;
  readonly op: Op;
  readonly value: Value;
}
interface Zoned {
  /** IANA name; default `UTC`; a validated condition always says it. */
  readonly timeZone?: string;
}
interface Folded {
  /** Compare by simple lower case, code point by code point. */
  readonly ignoreCase?: boolean;
}

export interface PresenceLeaf {
  readonly field: string;
  readonly op: 'empty' | 'notEmpty';
}
export type ComparisonLeaf = Leaf<ComparisonOperator, Scalar> & Folded;
export type MembershipLeaf = Leaf<'in' | 'notIn', readonly string[]> & Folded;
export type BetweenLeaf = Leaf<'between', Between<string | number>>;
export type TextLeaf = Leaf<TextOperator, string> & Folded;
export type SpanLeaf = Leaf<'withinLast' | 'withinNext' | 'olderThan', DaySpan> & Zoned;
/** A day (`YYYY-MM-DD`) in the time zone, or one relative to today; the day itself is neither before nor after. */
export type DayLeaf = Leaf<'before' | 'after', string | DayOffset> & Zoned;
/** The day and month come round today or within the next `days` days (0 to 364); 29 February comes round on the 28th in a common year. */
export type AnniversaryLeaf = Leaf<'anniversaryWithin', DayOffset> & Zoned;
/** `weekday`: 1 Monday to 7 Sunday; `month`: 1 to 12. */
export type CalendarLeaf = Leaf<'weekday' | 'month', readonly number[]> & Zoned;
export type DuringLeaf = Leaf<'during', Period> & Zoned;
export type ListLeaf = Leaf<'hasAny' | 'hasAll' | 'hasNone', readonly string[]>;
export type SizeLeaf = Leaf<'sizeBetween', Between<number>>;

/** A statement about one attribute. */
export type FieldCondition =
  | PresenceLeaf
  | ComparisonLeaf
  | MembershipLeaf
  | BetweenLeaf
  | TextLeaf
  | SpanLeaf
  | DayLeaf
  | AnniversaryLeaf
  | CalendarLeaf
  | DuringLeaf
  | ListLeaf
  | SizeLeaf;

/** A condition script. Trust it only after `validateCondition`: the compiler and the evaluator take validated ones. */
export type Condition =
  | { readonly all: readonly Condition[] }
  | { readonly any: readonly Condition[] }
  | { readonly not: Condition }
  | FieldCondition;
