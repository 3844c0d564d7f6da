import { Client } from 'pg';
import fc from 'fast-check';
import { createTestDatabase, type TestDatabase } from '@muster/embedded/testing';
import { RE2JS } from 're2js';
import { foldText } from './fold';
import { foldPattern } from './fold-pattern';
import { inlineParameters } from './inline-parameters';
import { parsePattern } from './pattern';
import { postgresPattern } from './postgres-pattern';
import { re2Pattern } from './re2-pattern';
import { patterns } from './testing/arbitraries';

/** Where the evaluator and Postgres each do the same thing in their own way. */
let database: TestDatabase;
let client: Client;
beforeAll(async () => {
  database = await createTestDatabase();
  client = new Client({ connectionString: database.connectionString });
  await client.connect();
});
afterAll(async () => {
  await client.end();
  await database.drop();
});

const soak = process.env['SOAK'] === '1';

describe('folding case', () => {
  it('gives what pg_c_utf8 gives for every code point', async () => {
    const { rows } = await client.query<{ code: number; folded: string }>(
      `SELECT code, lower(chr(code) COLLATE pg_c_utf8) AS folded FROM generate_series(1, 1114111) AS code
       WHERE code NOT BETWEEN 55296 AND 57343`,
    );
    const differing = rows
      .filter(({ code, folded }) => foldText(String.fromCodePoint(code)) !== folded)
      .map(({ code, folded }) => `${code.toString(16)} -> ${folded}`);
    expect(rows).toHaveLength(1_112_063);
    expect(differing).toEqual([]);
  }, 60_000);

  it('takes a text code point by code point: capital sharp s, dotted I, final sigma', async () => {
    const text = 'STRAẞE İ ΟΔΥΣΣΕΥΣ \u{10400}';
    const { rows } = await client.query<{ folded: string }>('SELECT lower($1 COLLATE pg_c_utf8) AS folded', [text]);
    expect(foldText(text)).toBe('straße i οδυσσευσ \u{10428}');
    expect(rows[0]?.folded).toBe(foldText(text));
  });
});

describe('patterns', () => {
  it('mean the same to RE2 and to Postgres', async () => {
    const texts = fc.array(
      fc.string({
        unit: fc.constantFrom('a', 'b', 'A', 'é', 'É', '1', '_', ' ', '\n', '.', '$', '😀', ']', '-'),
        maxLength: 8,
      }),
      { minLength: 30, maxLength: 30 },
    );
    await fc.assert(
      fc.asyncProperty(patterns, fc.boolean(), texts, async (pattern, ignoreCase, subjects) => {
        const tree = ignoreCase ? foldPattern(parsePattern(pattern)) : parsePattern(pattern);
        const folded = ignoreCase ? subjects.map(foldText) : subjects;
        const { rows } = await client.query<{ hit: boolean }>(
          'SELECT text ~ $2 AS hit FROM unnest($1::text[]) WITH ORDINALITY AS t (text, place) ORDER BY place',
          [folded, postgresPattern(tree)],
        );
        const compiled = RE2JS.compile(re2Pattern(tree));
        expect(rows.map(({ hit }) => hit)).toEqual(folded.map((text) => compiled.matcher(text).find()));
      }),
      { numRuns: soak ? 50_000 : 3000 },
    );
  }, 600_000);

  it('cannot keep Postgres busy: nested repetition on a text that almost matches', async () => {
    await client.query(`SET statement_timeout = '2s'`);
    const { rows } = await client.query<{ hit: boolean }>(`SELECT repeat('a', 4000) || '!' ~ $1 AS hit`, [
      postgresPattern(parsePattern('^(a+)+$')),
    ]);
    await client.query('RESET statement_timeout');
    expect(rows[0]?.hit).toBe(false);
  });

  it('of the largest size allowed are still compiled in time', async () => {
    await client.query(`SET statement_timeout = '5s'`);
    for (const pattern of [
      '(?:\\w{0,30}){0,33}x',
      '[^a]{0,255}[a-z]{255}',
      '((a|b|é){0,20}){0,15}$',
      '(?:.{0,31}\\d){31}',
    ]) {
      await client.query(`SELECT repeat('ab1', 1000) ~ $1`, [postgresPattern(parsePattern(pattern))]);
    }
    await client.query('RESET statement_timeout');
  }, 30_000);
});

describe('values written into a statement', () => {
  const text = fc.string({ unit: 'binary', maxLength: 20 }).filter((drawn) => !drawn.includes('\0'));
  const nasty = fc.string({
    unit: fc.constantFrom("'", '\\', '"', '$', '1', '$1', '{', '}', ',', '\n', ';', '--', 'E', 'NULL'),
    maxLength: 12,
  });
  const texts = fc.oneof(text, nasty);

  it.each(['on', 'off'])(
    'come back unchanged with standard_conforming_strings %s',
    async (setting) => {
      await client.query(`SET standard_conforming_strings = ${setting}`);
      await fc.assert(
        fc.asyncProperty(
          fc.array(
            fc.record({
              one: texts,
              list: fc.array(texts, { maxLength: 4 }),
              number: fc.double({ noNaN: true, noDefaultInfinity: true }),
              truth: fc.boolean(),
              days: fc.array(fc.integer(), { maxLength: 3 }),
            }),
            { minLength: 20, maxLength: 20 },
          ),
          async (values) => {
            const row = (index: number): string => {
              const at = (place: number): string => `$${index * 5 + place}`;
              return `(${index}, ${at(1)}::text, ${at(2)}::text[], ${at(3)}::double precision, ${at(4)}::boolean, ${at(5)}::bigint[])`;
            };
            const statement = inlineParameters({
              text: `SELECT * FROM (VALUES ${values.map((_, index) => row(index)).join(', ')}) AS v (place, one, list, number, truth, days) ORDER BY place`,
              values: values.flatMap(({ one, list, number, truth, days }) => [one, list, number, truth, days]),
            });
            const { rows } = await client.query(statement);
            expect(rows).toEqual(
              values.map((value, place) => ({
                ...value,
                place,
                number: value.number + 0,
                days: value.days.map(String),
              })),
            );
          },
        ),
        { numRuns: soak ? 5000 : 250 },
      );
      await client.query('RESET standard_conforming_strings');
    },
    120_000,
  );
});
