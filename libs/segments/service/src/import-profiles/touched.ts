import type { Queryable } from '@muster/postgres';
import { ProfileSet } from '@muster/profile-set';

/** Adds to the set of profiles that an import touched: one row per block of numbers. */
export async function addTouched(on: Queryable, importId: string, touched: ProfileSet): Promise<void> {
  if (touched.isEmpty) return;
  const blocks = touched.blocks();
  const { rows } = await on.query<{ block: number; profiles: Buffer }>(
    'SELECT block, profiles FROM import_touched WHERE import_id = $1 AND block = ANY ($2)',
    [importId, blocks],
  );
  const before = new Map(rows.map((row) => [row.block, ProfileSet.decode(row.profiles)]));
  for (const [block, part] of touched.byBlock()) {
    const all = before.get(block)?.union(part) ?? part;
    await on.query(
      `INSERT INTO import_touched (import_id, block, profiles) VALUES ($1, $2, $3)
       ON CONFLICT (import_id, block) DO UPDATE SET profiles = excluded.profiles`,
      [importId, block, Buffer.from(all.encode())],
    );
  }
}

/** Every profile that the accepted rows of an import made, changed or found as it was. */
export async function touchedBy(on: Queryable, importId: string): Promise<ProfileSet> {
  const { rows } = await on.query<{ profiles: Buffer }>(
    'SELECT profiles FROM import_touched WHERE import_id = $1 ORDER BY block',
    [importId],
  );
  return ProfileSet.unionOf(rows.map((row) => ProfileSet.decode(row.profiles)));
}
