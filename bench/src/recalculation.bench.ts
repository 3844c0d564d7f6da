import { activate, deactivate } from './activation.bench';
import type { Figure } from './figure';
import { BROAD } from './profiles';
import { interleaved, timed } from './rounds';
import { columnOf, completed, countOf, createSegment, FLOOR, settled, whereSql, type World } from './world';

/** Of a thousand profiles: together 5 % churn, and a different number of members after it. */
const LEAVING = 26;
const COMING = 24;
const MEMBERS = `${FLOOR}.members`;

/** A run after 5 % churn until the audience of an active campaign has followed, against set-based SQL. */
export async function benchRecalculation(world: World): Promise<Figure> {
  const { muster } = world;
  const segmentId = await createSegment(world, 'static', BROAD);
  const { campaignId } = await activate(world, segmentId, BROAD);
  await createFloor(world);
  const ours = async (expected: number): Promise<number> =>
    timed(async () => {
      const { runId } = await muster.post<{ runId: string }>(`/segments/${segmentId}/runs`);
      await completed(muster, segmentId, runId);
      await muster.until<{ members: number }>(
        `/insights/audiences/${campaignId}`,
        ({ members }) => members === expected,
      );
    });
  let churned = -1;
  const afterChurn = async (round: number): Promise<number> => {
    if (churned !== round) await churn(world, round);
    churned = round;
    await settled(world);
    return countOf(world, BROAD);
  };
  const sides = await interleaved(
    world.rounds,
    async (round) => ours(await afterChurn(round)),
    async (round) => {
      await afterChurn(round);
      await world.pool.query(`VACUUM (ANALYZE) ${MEMBERS}`);
      return setBasedSql(world);
    },
  );
  await deactivate(world, campaignId);
  await world.pool.query(`DROP TABLE ${MEMBERS}`);
  return { name: 'recalculation with 5 % churn to audience caught up', unit: 'ms', ...sides, must: 0.5, aim: 0.3 };
}

async function createFloor(world: World): Promise<void> {
  const { pool, database } = world;
  await pool.query(
    `CREATE TABLE ${MEMBERS} AS SELECT profile_no FROM ${database.table} WHERE ${whereSql(world, BROAD)}`,
  );
  await pool.query(`ALTER TABLE ${MEMBERS} ADD PRIMARY KEY (profile_no)`);
}

async function setBasedSql(world: World): Promise<number> {
  const { pool, database } = world;
  const found = `FROM ${database.table} p WHERE ${whereSql(world, BROAD)}`;
  const client = await pool.connect();
  try {
    return await timed(async () => {
      await client.query('BEGIN');
      await client.query(`DELETE FROM ${MEMBERS} m WHERE NOT EXISTS (SELECT ${found} AND p.profile_no = m.profile_no)`);
      await client.query(
        `INSERT INTO ${MEMBERS} SELECT p.profile_no ${found}
           AND NOT EXISTS (SELECT FROM ${MEMBERS} m WHERE m.profile_no = p.profile_no)`,
      );
      await client.query('COMMIT');
    });
  } finally {
    client.release();
  }
}

/** Makes other profiles meet the condition: as an edit of attributes does, and outside of what is measured. */
async function churn({ pool, size, database }: World, round: number): Promise<void> {
  const inDefault = columnOf(database)('in_default');
  const some = (from: boolean, perThousand: number): string =>
    `(SELECT profile_no FROM ${database.table} WHERE ${inDefault} = ${String(from)}
      ORDER BY hashint4extended(profile_no, ${String(round)}) LIMIT ${String(Math.round((size * perThousand) / 1_000))})`;
  await pool.query(
    `UPDATE ${database.table} SET ${inDefault} = NOT ${inDefault}
     WHERE profile_no IN (${some(false, LEAVING)} UNION ALL ${some(true, COMING)})`,
  );
}
