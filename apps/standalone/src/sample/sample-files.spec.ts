import { sampleInteractions, sampleProfiles } from './sample-files';

const now = new Date('2026-03-01T00:00:00Z');

describe('the sample', () => {
  it('is the same for the same seed', () => {
    expect([...sampleProfiles(7_000, 1, now)].join('')).toBe([...sampleProfiles(7_000, 1, now)].join(''));
    expect([...sampleProfiles(10, 1, now)]).not.toEqual([...sampleProfiles(10, 2, now)]);
  });

  it('has as many profiles and interactions as asked for', () => {
    const rows = [...sampleProfiles(7_001, 1, now)].join('').trim().split('\n');
    expect(rows).toHaveLength(7_002);
    expect(new Set(rows.map((row) => row.split(',').length))).toEqual(new Set([10]));
    const parts = [...sampleInteractions(25, 5, 10, 1, now)].map((part) => part.trim().split('\n'));
    expect(parts.map(({ length }) => length)).toEqual([10, 10, 5]);
    for (const line of parts.flat()) {
      const { externalId, at } = JSON.parse(line) as { externalId: string; at: string };
      expect(Number(externalId.slice(2))).toBeLessThanOrEqual(5);
      expect(Date.parse(at)).toBeLessThanOrEqual(now.getTime());
    }
  });
});
