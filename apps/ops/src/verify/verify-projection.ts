import type { ServiceContext } from '@muster/platform/config';
import { generationSchema } from '@muster/projections';
import { withTransaction, type Queryable } from '@muster/postgres';
import { escapeIdentifier } from 'pg';
import { setTimeout as sleep } from 'node:timers/promises';
import { Failure } from '../failures';
import { counted, type Column } from '../output';
import { findProjection } from '../projections/projection-states';
import type { Tool, Verdict } from '../tool';

interface ComparedTable {
  readonly table: string;
  readonly liveRows: number;
  readonly builtRows: number;
  readonly same: boolean;
}

interface Generations {
  readonly live: Row;
  readonly built: Row;
}

interface Row {
  readonly generation: number;
  readonly state: string;
  readonly position: string;
  readonly tables: readonly string[];
}

const COLUMNS: readonly Column<ComparedTable>[] = [
  { title: 'TABLE', value: ({ table }) => table },
  { title: 'LIVE ROWS', value: ({ liveRows }) => liveRows },
  { title: 'BUILT ROWS', value: ({ builtRows }) => builtRows },
  { title: 'SAME', value: ({ same }) => (same ? 'yes' : 'NO') },
];

const LOOK_MS = 200;

/** Compares what was built and held back with the live generation, row by row, where both are at one position. */
export async function verifyProjection(
  tool: Tool,
  wanted: string,
  { json, wait }: { readonly json?: boolean; readonly wait: number },
): Promise<Verdict> {
  const { context, name } = await findProjection(tool, wanted);
  const deadline = performance.now() + wait * 1_000;
  for (;;) {
    const compared = await compare(tool, context, name, wanted);
    if (compared) {
      tool.output.listing(compared, COLUMNS, `${wanted} has no tables.`, json);
      return compared.every(({ same }) => same) ? 'ok' : 'problem';
    }
    if (performance.now() > deadline) {
      throw new Failure(
        `${wanted}: the two were at no moment at one position within ${counted(wait, 'second')}; ask for more with --wait`,
      );
    }
    await sleep(LOOK_MS);
  }
}

/** Undefined where one is ahead of the other. */
async function compare(
  { surroundings }: Tool,
  context: ServiceContext,
  name: string,
  wanted: string,
): Promise<readonly ComparedTable[] | undefined> {
  return withTransaction(surroundings.pool(context), async (client) => {
    await client.query('SET TRANSACTION ISOLATION LEVEL REPEATABLE READ, READ ONLY');
    const { live, built } = await generations(client, name, wanted);
    if (live.position !== built.position) return undefined;
    const compared: ComparedTable[] = [];
    for (const table of built.tables) {
      const one = await digest(client, generationSchema(context, name, live.generation), table);
      const other = await digest(client, generationSchema(context, name, built.generation), table);
      compared.push({ table, liveRows: one.rows, builtRows: other.rows, same: one.digest === other.digest });
    }
    return compared;
  });
}

async function generations(client: Queryable, name: string, wanted: string): Promise<Generations> {
  const { rows } = await client.query<Row & { readonly version: number }>(
    'SELECT generation, version, state, position, tables FROM projection_checkpoint WHERE name = $1',
    [name],
  );
  const live = rows.find(({ state }) => state === 'live');
  const built = rows.find(({ state }) => state === 'building');
  if (!live || !built) {
    throw new Failure(
      `${wanted}: there is nothing beside the live one to compare it with; first: muster-ops projections rebuild ${wanted} --hold`,
    );
  }
  if (live.version !== built.version) throw new Failure(`${wanted}: the two are of different versions of the code`);
  return { live, built };
}

/** Sums of hashes: whatever the order of the rows, and without holding them. */
async function digest(
  client: Queryable,
  schema: string,
  table: string,
): Promise<{ readonly rows: number; readonly digest: string }> {
  const half = (from: number): string => `coalesce(sum(('x' || substr(h, ${String(from)}, 15))::bit(60)::bigint), 0)`;
  const { rows } = await client.query<{ rows: number; digest: string }>(
    `SELECT count(*)::integer AS rows, ${half(1)} || '.' || ${half(17)} AS digest
     FROM (SELECT md5(t::text) AS h FROM ${escapeIdentifier(schema)}.${escapeIdentifier(table)} AS t) AS hashed`,
  );
  const [row] = rows;
  if (!row) throw new Error(`no digest of ${schema}.${table}`);
  return row;
}
