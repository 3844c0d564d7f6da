import type { Row, Step } from './step';

const CITIES = ['Oslo', 'Bergen', 'Narvik', ''];
const people = (from: number, to: number): Row[] =>
  Array.from({ length: to - from }, (_, i) => {
    const n = from + i;
    return [`p${String(n)}`, String((n * 17) % 90), CITIES[n % 4] ?? '', n % 3 === 0 ? 'true' : ''];
  });
const names = (from: number, to: number): string[] => people(from, to).map(([id]) => id);
const opening: readonly Step[] = [
  { do: 'import', mode: 'upsert', rows: people(0, 60) },
  { do: 'recalculate by', condition: { field: 'age', op: 'lt', value: 70 } },
];
const change = (add: readonly string[], remove: readonly string[] = []): Step => ({
  do: 'change members',
  changes: [{ add, remove }],
});

/** What chance seldom leads to, and histories that showed a fault once: as short as they can be. */
export const written: readonly { readonly name: string; readonly steps: readonly Step[] }[] = [
  {
    name: 'whoever left and came back while the campaign was inactive keeps its group',
    steps: [
      ...opening,
      { do: 'create campaign', lcg: { basisPoints: 3000, count: null }, strata: 'city' },
      { do: 'activate', campaign: 0 },
      { do: 'deactivate', campaign: 0 },
      change([], names(0, 30)),
      change(names(0, 30)),
      { do: 'activate', campaign: 0 },
      change([], names(0, 30)),
      change(names(0, 30)),
      { do: 'complete', campaign: 0 },
    ],
  },
  {
    name: 'a cap is met by arrivals, and everyone after it is test',
    steps: [
      ...opening,
      { do: 'create campaign', lcg: { basisPoints: 2500, count: 14 }, strata: 'age' },
      { do: 'recalculate by', condition: { field: 'age', op: 'lt', value: 20 } },
      { do: 'activate', campaign: 0 },
      change(names(0, 25)),
      change(names(25, 60)),
      { do: 'import', mode: 'insert', rows: people(60, 80) },
      change(names(60, 80)),
    ],
  },
  {
    name: 'control goes to test when the strata have other fields, and forms anew of newcomers',
    steps: [
      ...opening,
      { do: 'create campaign', lcg: { basisPoints: 4000, count: null }, strata: 'city' },
      { do: 'activate', campaign: 0 },
      { do: 'deactivate', campaign: 0 },
      { do: 'set strata', campaign: 0, strata: 'vip x city' },
      { do: 'activate', campaign: 0 },
      change(names(0, 60)),
      { do: 'deactivate', campaign: 0 },
      { do: 'set lcg', campaign: 0, lcg: null },
      { do: 'activate', campaign: 0 },
    ],
  },
];
