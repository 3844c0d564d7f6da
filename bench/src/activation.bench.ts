import type { Figure } from './figure';
import { BROAD, NARROW, STRATIFICATION, stratumSql, type Selected } from './profiles';
import { interleaved, timed, type Sides } from './rounds';
import { columnOf, countOf, createSegment, FLOOR, settled, whereSql, type World } from './world';

const CONTROL_PERCENT = 10;

interface Audience {
  readonly members: number;
  readonly strata: readonly { readonly assigned: number; readonly control: number }[];
}

export interface Activated {
  readonly campaignId: string;
  readonly segmentId: string;
  /** From the command to all members in the read model. */
  readonly ms: number;
}

/** An audience from the command to the read model, against plain SQL that does no more than make the rows. */
export async function benchActivation(world: World): Promise<{ figures: Figure[]; headline: number }> {
  const [onStatic, onDynamic] = [
    await createSegment(world, 'static', BROAD),
    await createSegment(world, 'dynamic', BROAD),
  ];
  const fromStatic = await againstSql(world, onStatic);
  const fromDynamic = await againstSql(world, onDynamic);
  const figures = [
    { name: 'activation to queryable audience, static segment', unit: 'ms', ...fromStatic, must: 0.8, aim: 0.5 },
    { name: 'activation to queryable audience, dynamic segment', unit: 'ms', ...fromDynamic, must: 0.8, aim: 0.5 },
    await logBytes(world, BROAD, onStatic),
    await logBytes(world, NARROW, await createSegment(world, 'static', NARROW)),
  ];
  return { figures, headline: fromStatic.value };
}

/** Activates a new campaign over the segment; resolves when its whole audience can be read. */
export async function activate(world: World, segmentId: string, selected: Selected): Promise<Activated> {
  const { muster, database } = world;
  const expected = await countOf(world, selected);
  const { campaignId } = await muster.post<{ campaignId: string }>('/campaigns', {
    name: 'Bench',
    databaseId: database.databaseId,
    segmentId,
    lcg: { percent: CONTROL_PERCENT },
    stratification: STRATIFICATION,
  });
  await muster.post(`/campaigns/${campaignId}/activities`, { kind: 'broadcast', name: 'Mail' });
  await settled(world);
  const audience = `/insights/audiences/${campaignId}`;
  const ms = await timed(async () => {
    await muster.post(`/campaigns/${campaignId}/activation`);
    await muster.until<Audience>(audience, ({ members }) => members === expected);
    await muster.get(`${audience}/members?limit=50`);
  });
  checkGroups(await muster.get<Audience>(audience));
  await muster.until<{ status: string }>(`/campaigns/${campaignId}`, ({ status }) => status === 'active');
  return { campaignId, segmentId, ms };
}

/** A campaign that is not needed any more: it follows its segment no longer. */
export async function deactivate({ muster }: World, campaignId: string): Promise<void> {
  await muster.post(`/campaigns/${campaignId}/deactivation`);
  await muster.until<{ status: string }>(`/campaigns/${campaignId}`, ({ status }) => status === 'inactive');
}

/** A fast answer that is wrong would be no figure. */
function checkGroups({ strata }: Audience): void {
  const exact = strata.every(({ assigned, control }) => Math.abs(control * 100 - assigned * CONTROL_PERCENT) < 100);
  if (!exact) throw new Error(`the control group is not ${String(CONTROL_PERCENT)} % of each stratum`);
}

async function againstSql(world: World, segmentId: string): Promise<Sides> {
  const ours = async (): Promise<number> => {
    const { campaignId, ms } = await activate(world, segmentId, BROAD);
    await deactivate(world, campaignId);
    return ms;
  };
  await ours();
  return interleaved(world.rounds, ours, (round) => plainSql(world, round));
}

/** S: one transaction that splits by the hash of number and seed, with a key, an index and no record of anything. */
async function plainSql(world: World, round: number): Promise<number> {
  const { pool, database } = world;
  const audience = `${FLOOR}.audience`;
  await settled(world);
  const client = await pool.connect();
  try {
    return await timed(async () => {
      await client.query('BEGIN');
      await client.query(`
        CREATE TABLE ${audience} AS
        SELECT profile_no, ${stratumSql(columnOf(database))} AS stratum,
          hashtextextended(profile_no::text, ${String(round)}) & 65535 < ${String((65_536 * CONTROL_PERCENT) / 100)} AS control
        FROM ${database.table} WHERE ${whereSql(world, BROAD)}`);
      await client.query(`ALTER TABLE ${audience} ADD PRIMARY KEY (profile_no)`);
      await client.query(`CREATE INDEX ON ${audience} (stratum, control)`);
      await client.query('COMMIT');
    });
  } finally {
    await client.query(`DROP TABLE IF EXISTS ${audience}`);
    client.release();
  }
}

/** Data and metadata of all events that one activation appends, whichever context they are of. */
async function logBytes(world: World, selected: Selected, segmentId: string): Promise<Figure> {
  const { pool } = world;
  const members = await countOf(world, selected);
  const before = await endOfLog(world);
  const { campaignId } = await activate(world, segmentId, selected);
  const { rows } = await pool.query<{ bytes: string }>(
    `SELECT sum(octet_length(data) + octet_length(metadata)) AS bytes FROM event_store.event WHERE position > $1`,
    [before],
  );
  await deactivate(world, campaignId);
  return {
    name: `log bytes per membership, ${selected.name} condition`,
    unit: 'bytes',
    value: Number(rows[0]?.bytes) / members,
    must: 4,
    aim: 2,
  };
}

async function endOfLog({ pool }: World): Promise<string> {
  const { rows } = await pool.query<{ position: string }>('SELECT max(position) AS position FROM event_store.event');
  return rows[0]?.position ?? '0';
}
