import { type DayNumber } from './calendar';

const dayLength = 86_400_000;
const clocks = new Map<string, Intl.DateTimeFormat>();

/** Names only: what looks like an offset (`+02:00`, `GMT-3`) means opposite things to ICU and to Postgres. */
const zoneName = /^(UTC|[A-Za-z_]+(\/[A-Za-z0-9_+-]+){1,2})$/;

/** Whether it is `UTC` or an IANA name with an area, such as `Europe/Berlin`. */
export function isTimeZone(name: string): boolean {
  if (!zoneName.test(name)) return false;
  try {
    clockOf(name);
    return true;
  } catch {
    return false;
  }
}

function clockOf(zone: string): Intl.DateTimeFormat {
  let clock = clocks.get(zone);
  if (!clock) {
    clock = new Intl.DateTimeFormat('en-US', {
      timeZone: zone,
      hourCycle: 'h23',
      era: 'short',
      year: 'numeric',
      month: 'numeric',
      day: 'numeric',
      hour: 'numeric',
      minute: 'numeric',
      second: 'numeric',
    });
    clocks.set(zone, clock);
  }
  return clock;
}

/** What the clock on the wall shows, as milliseconds since 1970-01-01T00:00 on that clock; whole seconds. */
export function wallClock(instant: number, zone: string): number {
  const parts = new Map(
    clockOf(zone)
      .formatToParts(instant)
      .map(({ type, value }) => [type, value]),
  );
  const read = (type: Intl.DateTimeFormatPartTypes): number => Number(parts.get(type));
  const year = parts.get('era') === 'BC' ? 1 - read('year') : read('year');
  const wall = new Date(0);
  wall.setUTCFullYear(year, read('month') - 1, read('day'));
  wall.setUTCHours(read('hour'), read('minute'), read('second'));
  return wall.getTime();
}

/** The local day of an instant (milliseconds since the epoch). */
export function localDay(instant: number, zone: string): DayNumber {
  return Math.floor(wallClock(instant, zone) / dayLength);
}

/**
 * The first instant (milliseconds since the epoch) of a local day. Midnight that comes twice: the first of them;
 * midnight that does not exist: the end of the gap, also if the gap swallows the whole day.
 */
export function startOfDay(day: DayNumber, zone: string): number {
  const midnight = day * dayLength;
  const before = midnight - 1.5 * dayLength;
  const after = midnight + 1.5 * dayLength;
  const candidates = [before, midnight - 43_200_000, midnight, midnight + 43_200_000, after]
    .map((instant) => midnight - (wallClock(instant, zone) - instant))
    .filter((instant) => wallClock(instant, zone) === midnight);
  if (candidates.length > 0) return Math.min(...candidates);
  return endOfGap(midnight, before, after, zone);
}

function endOfGap(midnight: number, before: number, after: number, zone: string): number {
  let [low, high] = [Math.floor(before / 1000), Math.ceil(after / 1000)];
  while (high - low > 1) {
    const middle = Math.floor((low + high) / 2);
    if (wallClock(middle * 1000, zone) >= midnight) high = middle;
    else low = middle;
  }
  return high * 1000;
}

/** How far the clocks of a zone are ahead of UTC: `offsets[i]` milliseconds from `changes[i - 1]` until before `changes[i]`. */
export interface ZoneOffsets {
  readonly changes: readonly number[];
  readonly offsets: readonly number[];
}

const offsetsOfZones = new Map<string, ZoneOffsets>();
const firstYear = 1880;
const lastYear = 2100;

/**
 * The offsets of a zone from 1880 to 2100; earlier and later ones are taken to be as at those ends. SQL is given these
 * instead of the zone's name: the time zone tables of Node and of Postgres are of different ages and do differ.
 */
export function zoneOffsets(zone: string): ZoneOffsets {
  let found = offsetsOfZones.get(zone);
  if (!found) offsetsOfZones.set(zone, (found = findOffsets(zone)));
  return found;
}

function findOffsets(zone: string): ZoneOffsets {
  const offsetAt = (instant: number): number => wallClock(instant, zone) - instant;
  const step = 10 * dayLength;
  let before = offsetAt(Date.UTC(firstYear, 0, 1));
  const changes: number[] = [];
  const offsets = [before];
  for (let at = Date.UTC(firstYear, 0, 1); at < Date.UTC(lastYear, 0, 1); at += step) {
    const after = offsetAt(at + step);
    if (after === before) continue;
    let [low, high] = [at / 1000, (at + step) / 1000];
    while (high - low > 1) {
      const middle = Math.floor((low + high) / 2);
      if (offsetAt(middle * 1000) === before) low = middle;
      else high = middle;
    }
    changes.push(high * 1000);
    offsets.push(after);
    before = after;
  }
  return { changes, offsets };
}
