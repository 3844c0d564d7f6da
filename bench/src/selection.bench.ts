import { copyBinaryRow } from '@muster/postgres';
import { ProfileSet } from '@muster/profile-set';
import {
  countSql,
  inlineParameters,
  packedSql,
  validateCondition,
  type ProfileSchema,
  type Selection,
} from '@muster/segmentation';
import type { Figure } from './figure';
import { BROAD, FIELDS, NARROW, type Selected } from './profiles';
import { interleaved, timed } from './rounds';
import { columnOf, settled, type World } from './world';

/** Cheap measurements can be many. */
const TIMES = 3;
const schema: ProfileSchema = { fields: [...FIELDS] };

/** The profile numbers of a condition as a set in Node, against `count(*)` of the same condition. */
export async function benchSelection(world: World): Promise<Figure[]> {
  await settled(world);
  const figures: Figure[] = [];
  for (const selected of [BROAD, NARROW]) {
    const { ids, count } = statements(world, selected);
    const sides = await interleaved(
      world.rounds * TIMES,
      () => timed(() => idsInNode(world, ids)),
      () => timed(() => world.pool.query(count.text, [...count.values])),
    );
    const name = `segment ids in Node, ${selected.name} condition`;
    figures.push({ name, unit: 'ms', ...sides, must: 2, aim: 1.4 });
  }
  return figures;
}

function statements({ database }: World, { condition }: Selected) {
  const checked = validateCondition(condition, schema);
  if ('problems' in checked) throw new Error(JSON.stringify(checked.problems));
  const selection: Selection = { condition: checked.condition };
  const table = { table: database.table, column: columnOf(database) };
  const source = { schema, table, now: new Date(), salt: '' };
  return { ids: inlineParameters(packedSql(selection, source)), count: countSql(selection, source) };
}

async function idsInNode({ pool }: World, select: string): Promise<ProfileSet> {
  const client = await pool.connect();
  try {
    const [bytes = Buffer.alloc(0)] = await copyBinaryRow(client, select);
    const numbers = new Uint32Array(Buffer.from(new Uint8Array(bytes).buffer).swap32().buffer);
    return ProfileSet.fromSorted(numbers.sort());
  } finally {
    client.release();
  }
}
