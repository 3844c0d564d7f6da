/** The types of fields that can be stratified by. */
export const STRATUM_FIELD_TYPES = ['string', 'integer', 'decimal', 'boolean', 'date', 'datetime'] as const;

export type StratumFieldType = (typeof STRATUM_FIELD_TYPES)[number];

/** The types that have an order, and so can be cut into ranges. */
export function isOrdered(type: StratumFieldType): boolean {
  return type !== 'string' && type !== 'boolean';
}

/** What a value of a field must look like, for messages. */
export const VALUE_FORMS: Readonly<Record<StratumFieldType, string>> = {
  string: 'a string',
  integer: 'an integer',
  decimal: 'a number',
  boolean: 'true or false',
  date: 'a date as YYYY-MM-DD',
  datetime: 'an instant in UTC as YYYY-MM-DDThh:mm:ss[.fraction]Z',
};

/** A value in the one form in which equal values are equal and `<` is the order of the type; undefined if it is not of it. */
export function comparable(type: StratumFieldType, value: unknown): string | number | boolean | undefined {
  switch (type) {
    case 'string':
      return typeof value === 'string' ? value : undefined;
    case 'integer':
      return typeof value === 'number' && Number.isSafeInteger(value) ? value + 0 : undefined;
    case 'decimal':
      return typeof value === 'number' && Number.isFinite(value) ? value + 0 : undefined;
    case 'boolean':
      return typeof value === 'boolean' ? value : undefined;
    case 'date':
      return typeof value === 'string' && isDate(value) ? value : undefined;
    case 'datetime':
      return typeof value === 'string' ? comparableInstant(value) : undefined;
  }
}

/**
 * The date after a date (YYYY-MM-DD): ranges that people enter with both days included are stored half-open.
 *
 * @throws {RangeError} for what is no date, and for 9999-12-31.
 */
export function dayAfter(date: string): string {
  const parts = dateParts(date);
  if (!parts || date === '9999-12-31') throw new RangeError('there is no such day after');
  const [year, month, day] = parts;
  if (day < daysIn(year, month)) return dateText(year, month, day + 1);
  return month < 12 ? dateText(year, month + 1, 1) : dateText(year + 1, 1, 1);
}

/** Without the `Z`, fractions of different length order as they should: `00` < `00.5` < `01`. */
function comparableInstant(text: string): string | undefined {
  const match = /^(\d{4}-\d\d-\d\d)(T(?:[01]\d|2[0-3]):[0-5]\d:[0-5]\d)(\.\d{1,9})?Z$/.exec(text);
  if (!match || !isDate(match[1]!)) return undefined;
  return `${match[1]}${match[2]}${(match[3] ?? '').replace(/\.?0*$/, '')}`;
}

function isDate(text: string): boolean {
  return dateParts(text) !== undefined;
}

function dateParts(text: string): [number, number, number] | undefined {
  const match = /^(\d{4})-(\d\d)-(\d\d)$/.exec(text);
  if (!match) return undefined;
  const [year, month, day] = [Number(match[1]), Number(match[2]), Number(match[3])];
  return month >= 1 && month <= 12 && day >= 1 && day <= daysIn(year, month) ? [year, month, day] : undefined;
}

function daysIn(year: number, month: number): number {
  if (month === 2) return (year % 4 === 0 && year % 100 !== 0) || year % 400 === 0 ? 29 : 28;
  return month === 4 || month === 6 || month === 9 || month === 11 ? 30 : 31;
}

function dateText(year: number, month: number, day: number): string {
  return [String(year).padStart(4, '0'), String(month).padStart(2, '0'), String(day).padStart(2, '0')].join('-');
}
