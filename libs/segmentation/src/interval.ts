import type { DayLeaf, DaySpan, DuringLeaf, Period, SpanLeaf } from './condition';
import { firstOfMonth, formatDay, parseDay, partsOfDay, type DayNumber } from './calendar';
import { localDay, startOfDay } from './time-zone';

/** One end of an interval, in the form of the field's values (`AttributeValue`). */
export interface Bound {
  readonly value: string;
  readonly included: boolean;
}
export interface Interval {
  readonly lower?: Bound;
  readonly upper?: Bound;
}
export type RelativeLeaf = SpanLeaf | DayLeaf | DuringLeaf;

const hours24 = 86_400_000;

interface Today {
  readonly now: number;
  readonly day: DayNumber;
  readonly zone: string;
}

/**
 * What a leaf relative to `now` means as plain bounds. SQL and evaluator both compare with these, so time zones and
 * their changes are worked out once, here. Days of a `datetime` begin at their first instant in the zone.
 */
export function resolveInterval(leaf: RelativeLeaf, type: 'date' | 'datetime', now: Date): Interval {
  const zone = leaf.timeZone ?? 'UTC';
  const today: Today = { now: now.getTime(), day: localDay(now.getTime(), zone), zone };
  switch (leaf.op) {
    case 'during':
      return during(leaf.value, type, today);
    case 'before':
      return { upper: dayStart(dayOf(leaf.value, today), type, today, false) };
    case 'after':
      return { lower: dayStart(dayOf(leaf.value, today) + 1, type, today, true) };
    default:
      return type === 'date' ? dateSpan(leaf.op, leaf.value, today) : instantSpan(leaf.op, leaf.value, today);
  }
}

function dayOf(value: DayLeaf['value'], today: Today): DayNumber {
  return typeof value === 'string' ? (parseDay(value) ?? NaN) : today.day + value.days;
}

function dayStart(day: DayNumber, type: 'date' | 'datetime', today: Today, included: boolean): Bound {
  return type === 'date'
    ? { value: formatDay(day), included }
    : { value: new Date(startOfDay(day, today.zone)).toISOString(), included };
}

function day(number: DayNumber, included: boolean): Bound {
  return { value: formatDay(number), included };
}

function instant(millis: number, included: boolean): Bound {
  return { value: new Date(millis).toISOString(), included };
}

function dateSpan(op: SpanLeaf['op'], { days, mode }: DaySpan, today: Today): Interval {
  const calendar = mode === 'calendar';
  switch (op) {
    case 'withinLast':
      return { lower: day(today.day - days, calendar), upper: day(today.day, true) };
    case 'withinNext':
      return { lower: day(today.day, false), upper: day(today.day + days, true) };
    case 'olderThan':
      return { upper: day(today.day - days, !calendar) };
  }
}

function instantSpan(op: SpanLeaf['op'], { days, mode }: DaySpan, today: Today): Interval {
  const { now } = today;
  const calendar = mode === 'calendar';
  switch (op) {
    case 'withinLast':
      return {
        lower: calendar ? dayStart(today.day - days, 'datetime', today, true) : instant(now - days * hours24, false),
        upper: instant(now, true),
      };
    case 'withinNext':
      return {
        lower: instant(now, false),
        upper: calendar
          ? dayStart(today.day + days + 1, 'datetime', today, false)
          : instant(now + days * hours24, true),
      };
    case 'olderThan':
      return {
        upper: calendar ? dayStart(today.day - days, 'datetime', today, false) : instant(now - days * hours24, true),
      };
  }
}

function during(period: Period, type: 'date' | 'datetime', today: Today): Interval {
  const span = (days: number): Interval =>
    type === 'date'
      ? dateSpan('withinLast', { days, mode: 'calendar' }, today)
      : instantSpan('withinLast', { days, mode: 'calendar' }, today);
  const days = (from: DayNumber, to: DayNumber): Interval => ({
    lower: dayStart(from, type, today, true),
    upper: dayStart(to, type, today, false),
  });
  switch (period) {
    case 'today':
      return days(today.day, today.day + 1);
    case 'yesterday':
      return days(today.day - 1, today.day);
    case 'last7Days':
      return span(7);
    case 'last30Days':
      return span(30);
    case 'thisMonth':
      return days(firstOfMonth(today.day, 0), firstOfMonth(today.day, 1));
    case 'lastMonth':
      return days(firstOfMonth(today.day, -1), firstOfMonth(today.day, 0));
    case 'thisYear': {
      const { month } = partsOfDay(today.day);
      return days(firstOfMonth(today.day, 1 - month), firstOfMonth(today.day, 13 - month));
    }
  }
}

/** Month x 100 + day of month, of every day whose anniversary is today or within the next `days` days. */
export function anniversaries(days: number, zone: string, now: Date): number[] {
  const first = localDay(now.getTime(), zone);
  const found = new Set<number>();
  for (let offset = 0; offset <= days; offset++) {
    const { year, month, date } = partsOfDay(first + offset);
    found.add(month * 100 + date);
    const leap = (year % 4 === 0 && year % 100 !== 0) || year % 400 === 0;
    if (month === 2 && date === 28 && !leap) found.add(229);
  }
  return [...found];
}
