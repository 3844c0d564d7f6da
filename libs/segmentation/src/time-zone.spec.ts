import fc from 'fast-check';
import { parseDay } from './calendar';
import { resolveInterval, type RelativeLeaf } from './interval';
import { isTimeZone, localDay, startOfDay, wallClock, zoneOffsets } from './time-zone';

function start(day: string, zone: string): string {
  return new Date(startOfDay(parseDay(day) ?? NaN, zone)).toISOString();
}

describe('the first instant of a day', () => {
  it.each([
    ['2026-03-29', 'Europe/Berlin', '2026-03-28T23:00:00.000Z'],
    ['2026-03-30', 'Europe/Berlin', '2026-03-29T22:00:00.000Z'],
    // Midnight does not exist: the clocks went from 00:00 to 01:00.
    ['2018-11-04', 'America/Sao_Paulo', '2018-11-04T03:00:00.000Z'],
    // Midnight comes twice: at 01:00 the clocks went back to 00:00.
    ['2019-11-03', 'America/Havana', '2019-11-03T04:00:00.000Z'],
    // At 00:01 the clocks went back to 23:01 of the day before: the first midnight counts.
    ['2010-11-07', 'America/St_Johns', '2010-11-07T02:30:00.000Z'],
    // A day that was left out altogether.
    ['2011-12-30', 'Pacific/Apia', '2011-12-30T10:00:00.000Z'],
    ['2011-12-31', 'Pacific/Apia', '2011-12-30T10:00:00.000Z'],
  ])('%s in %s is %s', (day, zone, instant) => {
    expect(start(day, zone)).toBe(instant);
  });

  it('lies in the day, and the millisecond before it in an earlier one', () => {
    const zones = fc.constantFrom(...Intl.supportedValuesOf('timeZone').filter(isTimeZone));
    fc.assert(
      fc.property(zones, fc.integer({ min: 18_262, max: 24_000 }), (zone, day) => {
        const instant = startOfDay(day, zone);
        expect(localDay(instant, zone)).toBe(day);
        expect(localDay(instant - 1, zone)).toBeLessThan(day);
      }),
      { numRuns: 1000 },
    );
  });
});

describe('offsets of a zone', () => {
  it('give the clock on the wall at every instant from 1880 to 2100', () => {
    const zones = fc.constantFrom(
      'Europe/Berlin',
      'America/New_York',
      'Africa/Casablanca',
      'Pacific/Apia',
      'Asia/Kolkata',
      'UTC',
    );
    fc.assert(
      fc.property(zones, fc.integer({ min: Date.UTC(1880, 0), max: Date.UTC(2100, 0) - 1 }), (zone, instant) => {
        const { changes, offsets } = zoneOffsets(zone);
        const offset = offsets[changes.filter((change) => change <= instant).length] ?? NaN;
        expect(Math.floor((instant + offset) / 1000)).toBe(Math.floor(wallClock(instant, zone) / 1000));
      }),
      { numRuns: 5000 },
    );
  });

  it.each([
    ['UTC', true],
    ['Europe/Berlin', true],
    ['America/Argentina/Ushuaia', true],
    ['+02:00', false],
    ['GMT+2', false],
    ['Mars/Olympus', false],
    ["Europe/Berlin'", false],
  ])('%s names a time zone: %s', (name, expected) => {
    expect(isTimeZone(name)).toBe(expected);
  });
});

describe('periods in Berlin on Sunday 29 March 2026, 04:30, the clocks just changed', () => {
  const now = new Date('2026-03-29T02:30:00Z');
  const timeZone = 'Europe/Berlin';
  const field = 'at';
  it.each<[string, RelativeLeaf, string | undefined, string | undefined]>([
    [
      'today',
      { field, op: 'during', value: 'today', timeZone },
      '2026-03-28T23:00:00.000Z',
      '2026-03-29T22:00:00.000Z',
    ],
    [
      'yesterday',
      { field, op: 'during', value: 'yesterday', timeZone },
      '2026-03-27T23:00:00.000Z',
      '2026-03-28T23:00:00.000Z',
    ],
    [
      'last 7 days',
      { field, op: 'during', value: 'last7Days', timeZone },
      '2026-03-21T23:00:00.000Z',
      '2026-03-29T02:30:00.000Z',
    ],
    [
      'this month',
      { field, op: 'during', value: 'thisMonth', timeZone },
      '2026-02-28T23:00:00.000Z',
      '2026-03-31T22:00:00.000Z',
    ],
    [
      'last month',
      { field, op: 'during', value: 'lastMonth', timeZone },
      '2026-01-31T23:00:00.000Z',
      '2026-02-28T23:00:00.000Z',
    ],
    [
      'this year',
      { field, op: 'during', value: 'thisYear', timeZone },
      '2025-12-31T23:00:00.000Z',
      '2026-12-31T23:00:00.000Z',
    ],
    ['before a day', { field, op: 'before', value: '2026-04-01', timeZone }, undefined, '2026-03-31T22:00:00.000Z'],
    ['after tomorrow', { field, op: 'after', value: { days: 1 }, timeZone }, '2026-03-30T22:00:00.000Z', undefined],
    [
      'older than',
      { field, op: 'olderThan', value: { days: 1, mode: 'calendar' }, timeZone },
      undefined,
      '2026-03-27T23:00:00.000Z',
    ],
    [
      'next day rolling',
      { field, op: 'withinNext', value: { days: 1 }, timeZone },
      '2026-03-29T02:30:00.000Z',
      '2026-03-30T02:30:00.000Z',
    ],
    [
      'next calendar day',
      { field, op: 'withinNext', value: { days: 1, mode: 'calendar' }, timeZone },
      '2026-03-29T02:30:00.000Z',
      '2026-03-30T22:00:00.000Z',
    ],
  ])('%s', (_name, leaf, lower, upper) => {
    const interval = resolveInterval(leaf, 'datetime', now);
    expect([interval.lower?.value, interval.upper?.value]).toEqual([lower, upper]);
  });
});
