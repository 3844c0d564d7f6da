import { Client } from 'pg';
import fc from 'fast-check';
import { createTestDatabase, type TestDatabase } from '@muster/embedded/testing';
import { compileSql, quoted } from './compile-condition';
import type { Condition } from './condition';
import { prepare } from './evaluate';
import type { Attributes, ProfileSchema } from './field';
import { sqlType } from './field-definition';
import { profilesOf, schemas, scriptsOf, testNow } from './testing/arbitraries';
import { validateCondition } from './validate-condition';

/** Each case is one table of 20 profiles; the conditions of one table are asked in one query. */
const soak = process.env['SOAK'] === '1';
const profiles = 20;
const conditionsPerTable = 25;
const tables = soak ? 8000 : 800;

let database: TestDatabase;
let client: Client;
beforeAll(async () => {
  database = await createTestDatabase();
  client = new Client({ connectionString: database.connectionString });
  await client.connect();
  await client.query(`SET TimeZone = 'Asia/Tokyo'`);
});
afterAll(async () => {
  await client.end();
  await database.drop();
});

const columnOf = (field: string): string => `c_${field}`;

async function fill(schema: ProfileSchema, rows: readonly Attributes[]): Promise<void> {
  const columns = schema.fields.map((field) => `${quoted(columnOf(field.name))} ${sqlType(field)}`);
  await client.query(`CREATE TEMP TABLE profile (profile_no int, ${columns.join(', ')})`);
  const values: unknown[] = [];
  const tuples = rows.map((row, number) => {
    const cells = schema.fields.map(({ name }) => `$${values.push(row[name] ?? null)}`);
    return `(${[number, ...cells].join(', ')})`;
  });
  await client.query(`INSERT INTO profile VALUES ${tuples.join(', ')}`, values);
}

async function found(schema: ProfileSchema, conditions: readonly Condition[]): Promise<number[][]> {
  const values: unknown[] = [];
  const columns = conditions.map((condition) => {
    const compiled = compileSql(condition, {
      schema,
      column: columnOf,
      now: testNow,
      alias: 'p',
      parameterOffset: values.length,
    });
    values.push(...compiled.parameters);
    return `array_agg(p.profile_no ORDER BY p.profile_no) FILTER (WHERE ${compiled.where})`;
  });
  const { rows } = await client.query<(number[] | null)[]>({
    text: `SELECT ${columns.join(', ')} FROM profile p`,
    values,
    rowMode: 'array',
  });
  return rows[0]?.map((numbers) => numbers ?? []) ?? [];
}

it(`SQL and the evaluator agree on ${tables * conditionsPerTable} pairs of condition and profile set`, async () => {
  let pairs = 0;
  const cases = schemas.chain((schema) =>
    fc.record({
      schema: fc.constant(schema),
      rows: profilesOf(schema, profiles),
      scripts: fc.array(scriptsOf(schema), { minLength: conditionsPerTable, maxLength: conditionsPerTable }),
    }),
  );
  await fc.assert(
    fc.asyncProperty(cases, async ({ schema, rows, scripts }) => {
      const conditions = scripts.map((script) => {
        const checked = validateCondition(script, schema);
        if ('problems' in checked) throw new Error(`${JSON.stringify(script)}: ${JSON.stringify(checked.problems)}`);
        return checked.condition;
      });
      await client.query('BEGIN');
      try {
        await fill(schema, rows);
        const bySql = await found(schema, conditions);
        conditions.forEach((condition, index) => {
          const meets = prepare(condition, { schema, now: testNow });
          const expected = rows.flatMap((row, number) => (meets(row) ? [number] : []));
          expect({ condition, numbers: bySql[index] }).toEqual({ condition, numbers: expected });
          pairs++;
        });
      } finally {
        await client.query('ROLLBACK');
      }
    }),
    { numRuns: tables, endOnFailure: true },
  );
  expect(pairs).toBe(tables * conditionsPerTable);
}, 1_200_000);
