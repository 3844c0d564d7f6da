import { Client } from 'pg';
import fc from 'fast-check';
import { rank, range as assignmentRange, rankKey } from '@muster/assignment';
import { createTestDatabase, type TestDatabase } from '@muster/embedded/testing';
import { inlineParameters } from './inline-parameters';
import { permutationKey, permute, rangeValue } from './permutation';
import { permutationSql } from './permutation-sql';
import { countSql, packedSql, previewSql, selectSql } from './select';
import type { Selection, SelectionSource, SqlText } from './selection';

const salt = '00112233445566778899aabbccddeeff';
const profiles = 3000;
const source: SelectionSource = {
  schema: { fields: [{ name: 'age', type: 'integer' }] },
  table: { table: 'profile', column: () => 'c1' },
  now: new Date('2026-01-01T00:00:00Z'),
  salt,
};

let database: TestDatabase;
let client: Client;
beforeAll(async () => {
  database = await createTestDatabase();
  client = new Client({ connectionString: database.connectionString });
  await client.connect();
  await client.query(`CREATE TABLE profile (profile_no bigint PRIMARY KEY, c1 bigint);
    INSERT INTO profile SELECT n, CASE WHEN n % 10 < 9 THEN n % 10 END FROM generate_series(1, ${profiles}) AS n`);
});
afterAll(async () => {
  await client.end();
  await database.drop();
});

async function ask({ text, values }: SqlText): Promise<number[]> {
  const { rows } = await client.query<string[]>({ text, values: [...values], rowMode: 'array' });
  return rows.map(([cell]) => Number(cell));
}

/** The numbers in one value, which are in no order. */
async function packed({ text, values }: SqlText): Promise<number[]> {
  const { rows } = await client.query<{ numbers: Buffer }>(text, [...values]);
  const bytes = rows[0]?.numbers ?? Buffer.alloc(0);
  return Array.from({ length: bytes.length / 4 }, (_, i) => bytes.readUInt32BE(i * 4)).sort((a, b) => a - b);
}

/** The rules of a selection, in the plainest words. */
const everyone = Array.from({ length: profiles }, (_, index) => index + 1);
const [rangeKey, limitKey] = [rankKey('range', salt), rankKey('limit', salt)];
const byLimit = [...everyone].sort((a, b) => rank(limitKey, a) - rank(limitKey, b));
function expected({ condition, range, limit }: Selection): number[] {
  return byLimit
    .filter((n) => !condition || n % 10 < 5)
    .filter((n) => {
      const place = Math.floor((rank(rangeKey, n) / 2 ** 32) * 10_000);
      return !range || (place >= range.from && place < range.to);
    })
    .slice(0, limit ?? undefined)
    .sort((a, b) => a - b);
}

const ranges = fc
  .tuple(fc.integer({ min: 0, max: 10_000 }), fc.integer({ min: 0, max: 10_000 }))
  .filter(([a, b]) => a !== b)
  .map(([a, b]) => ({ from: Math.min(a, b), to: Math.max(a, b) }));
const selections = fc.record({
  condition: fc.option(fc.constant({ field: 'age', op: 'lt', value: 5 } as const)),
  range: fc.option(ranges),
  limit: fc.option(fc.integer({ min: 1, max: profiles + 10 })),
});

describe('the permutation', () => {
  const numbers = [0, 1, 2, 65_535, 65_536, 2 ** 31 - 1, 2 ** 31, 2 ** 32 - 2, 2 ** 32 - 1];

  it('is the one of assignment, and range values too', () => {
    fc.assert(
      fc.property(
        fc.integer({ min: 0, max: 2 ** 32 - 1 }),
        fc.constantFrom('range', 'limit', 'gcg'),
        fc.string({ unit: 'grapheme-ascii' }),
        (n, use, text) => {
          expect(permutationKey(use, text)).toEqual(rankKey(use, text));
          expect(permute(n, permutationKey(use, text))).toBe(rank(rankKey(use, text), n));
          expect(rangeValue(n, permutationKey(use, text))).toBe(assignmentRange(rankKey(use, text), n));
        },
      ),
      { numRuns: 5000 },
    );
  });

  it('gives the same numbers in SQL', async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.constantFrom('range', 'limit', 'gcg'),
        fc.string({ unit: 'grapheme-ascii' }),
        fc.array(fc.integer({ min: 0, max: 2 ** 32 - 1 }), { minLength: 100, maxLength: 100 }),
        async (use, text, drawn) => {
          const key = permutationKey(use, text);
          const inner = 'SELECT n FROM unnest($1::bigint[]) AS n';
          const { rows } = await client.query<{ n: string; h: string }>(permutationSql(inner, key), [
            [...numbers, ...drawn],
          ]);
          expect(rows).toHaveLength(numbers.length + drawn.length);
          for (const { n, h } of rows) expect(Number(h)).toBe(permute(Number(n), key));
        },
      ),
      { numRuns: 100 },
    );
  });

  it('takes profile numbers of type integer as well', async () => {
    const { rows } = await client.query<{ h: string }>(
      permutationSql('SELECT 7::int AS n', permutationKey('range', salt)),
    );
    expect(Number(rows[0]?.h)).toBe(permute(7, permutationKey('range', salt)));
  });
});

describe('a selection', () => {
  it('is condition, then range, then limit, ascending; counted and previewed alike; the same with inlined values', async () => {
    await fc.assert(
      fc.asyncProperty(selections, async (selection) => {
        const numbers = expected(selection);
        expect(await ask(selectSql(selection, source))).toEqual(numbers);
        expect(await packed(packedSql(selection, source))).toEqual(numbers);
        expect(await ask(countSql(selection, source))).toEqual([numbers.length]);
        expect(await ask(previewSql(selection, source))).toEqual(numbers.slice(0, 100));
        expect(await ask({ text: inlineParameters(selectSql(selection, source)), values: [] })).toEqual(numbers);
      }),
      { numRuns: 60 },
    );
  }, 60_000);

  it('of 1,000 matches with a limit of 400 has 400', async () => {
    const selection: Selection = { condition: { field: 'age', op: 'between', value: { from: 0, to: 3 } }, limit: 400 };
    expect(await ask(countSql({ ...selection, limit: null }, source))).toEqual([1200]);
    expect(await ask(selectSql(selection, source))).toHaveLength(400);
  });

  it('in disjoint ranges shares no profile, and the ranges together have all', async () => {
    const parts: number[][] = [];
    for (const [from, to] of [
      [0, 1],
      [1, 3333],
      [3333, 10_000],
    ] as const) {
      parts.push(await ask(selectSql({ range: { from, to } }, source)));
    }
    expect(parts.flat().sort((a, b) => a - b)).toEqual(expected({}));
    expect(parts[1]?.length).toBeGreaterThan(900);
    expect(parts[1]?.length).toBeLessThan(1100);
  });

  it.each([
    [{ range: { from: 5, to: 5 } }, 'range must be'],
    [{ range: { from: -1, to: 5 } }, 'range must be'],
    [{ range: { from: 0.5, to: 5 } }, 'range must be'],
    [{ limit: 0 }, 'limit must be'],
    [{ limit: 1.5 }, 'limit must be'],
  ])('%j is refused', (selection, message) => {
    expect(() => selectSql(selection, source)).toThrow(message);
  });
});
