/** A day of the proleptic Gregorian calendar, counted from 1970-01-01. */
export type DayNumber = number;

const dayLength = 86_400_000;
const isoDate = /^(\d{4})-(\d{2})-(\d{2})$/;

/** Reads `YYYY-MM-DD`, years 0001 to 9999; `undefined` for anything else, also for a day that does not exist. */
export function parseDay(text: string): DayNumber | undefined {
  const match = isoDate.exec(text);
  if (!match || match[1] === '0000') return undefined;
  const millis = Date.parse(`${text}T00:00:00.000Z`);
  // Date.parse takes 30 February for 1 March.
  if (Number.isNaN(millis) || formatDay(millis / dayLength) !== text) return undefined;
  return millis / dayLength;
}

/** `YYYY-MM-DD`. */
export function formatDay(day: DayNumber): string {
  return new Date(day * dayLength).toISOString().slice(0, 10);
}

export function partsOfDay(day: DayNumber): { year: number; month: number; date: number } {
  const at = new Date(day * dayLength);
  return { year: at.getUTCFullYear(), month: at.getUTCMonth() + 1, date: at.getUTCDate() };
}

/** The first day of the month that lies `months` after the month of `day`. */
export function firstOfMonth(day: DayNumber, months: number): DayNumber {
  const { year, month } = partsOfDay(day);
  return Date.UTC(year, month - 1 + months, 1) / dayLength;
}

const isoDateTime =
  /^(\d{4}-\d{2}-\d{2})[Tt ](\d{2}):(\d{2})(?::(\d{2})(?:\.(\d{1,9}))?)?(?:[Zz]|([+-])(\d{2}):?(\d{2}))$/;

/**
 * Reads an ISO 8601 date and time with its zone and gives it in UTC as `YYYY-MM-DDTHH:MM:SS.sssZ`; digits behind the
 * millisecond are cut off. `undefined` for anything else.
 */
export function parseInstant(text: string): string | undefined {
  const match = isoDateTime.exec(text);
  if (!match) return undefined;
  const [, date = '', hours, minutes, seconds = '0', fraction = '', sign, zoneHours = '0', zoneMinutes = '0'] = match;
  const day = parseDay(date);
  if (day === undefined || Number(hours) > 23 || Number(minutes) > 59 || Number(seconds) > 59) return undefined;
  if (Number(zoneHours) > 15 || Number(zoneMinutes) > 59) return undefined;
  const offset = (Number(zoneHours) * 60 + Number(zoneMinutes)) * (sign === '-' ? -1 : 1);
  const inZone = ((Number(hours) * 60 + Number(minutes)) * 60 + Number(seconds)) * 1000;
  const instant = new Date(day * dayLength + inZone + Number(fraction.padEnd(3, '0').slice(0, 3)) - offset * 60_000);
  const iso = instant.toISOString();
  return iso.length === 24 && !iso.startsWith('0000') ? iso : undefined;
}
