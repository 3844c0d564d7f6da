import { copyBinaryRows } from '@muster/postgres';
import { InjectPool } from '@muster/platform';
import { ProfileSet } from '@muster/profile-set';
import { countSql, inlineParameters, previewSql, selectSql, type Selection } from '@muster/segmentation';
import type { SelectionRecord } from '@muster/segments-events';
import { Injectable } from '@nestjs/common';
import type { Pool } from 'pg';
import { Profiles } from '../profiles/profiles';
import { Conditions } from './conditions';
import { profileDto, type ProfileDto } from './profile.dto';

export interface Preview {
  readonly count: number;
  /** The first 100 by profile number. */
  readonly profiles: readonly ProfileDto[];
}

/** Evaluates selections where the data is: in SQL on the typed table of the profile database. */
@Injectable()
export class SegmentSelection {
  constructor(
    @InjectPool('segments') private readonly pool: Pool,
    private readonly profiles: Profiles,
    private readonly conditions: Conditions,
  ) {}

  /** Everyone whom the selection selects at `now`. */
  async evaluate(databaseId: string, record: SelectionRecord, now: Date): Promise<ProfileSet> {
    const condition = await this.conditions.load(record.conditionHash);
    const source = await this.profiles.selectionSource(databaseId, now);
    const sql = selectSql({ condition, range: record.range, limit: record.limit }, source);
    const chunks: Uint32Array[] = [];
    const client = await this.pool.connect();
    try {
      await copyBinaryRows(client, inlineParameters(sql), ['int4'], ([numbers]) => {
        chunks.push(numbers);
      });
    } finally {
      client.release();
    }
    return ProfileSet.fromSorted(sorted(chunks));
  }

  /** Count and first profiles, both of the same instant. */
  async preview(databaseId: string, selection: Selection, now: Date): Promise<Preview> {
    const source = await this.profiles.selectionSource(databaseId, now);
    const count = countSql(selection, source);
    const first = previewSql(selection, source);
    const client = await this.pool.connect();
    try {
      await client.query('BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY');
      const counted = await client.query<{ count: string }>(count.text, [...count.values]);
      const listed = await client.query<{ profile_no: number }>(first.text, [...first.values]);
      const numbers = listed.rows.map((row) => row.profile_no);
      const profiles = await this.profiles.rows(databaseId, numbers, client);
      return { count: Number(counted.rows[0]?.count ?? 0), profiles: profiles.map(profileDto) };
    } finally {
      await client.query('ROLLBACK').catch(() => undefined);
      client.release();
    }
  }
}

/** One ascending array of all chunks; they come in ascending order from a scan by key, and in any order else. */
function sorted(chunks: readonly Uint32Array[]): Uint32Array {
  const all = new Uint32Array(chunks.reduce((sum, { length }) => sum + length, 0));
  let at = 0;
  let ascending = true;
  for (const chunk of chunks) {
    if (at > 0 && chunk.length > 0 && (chunk[0] ?? 0) < (all[at - 1] ?? 0)) ascending = false;
    all.set(chunk, at);
    at += chunk.length;
  }
  for (let i = 1; ascending && i < all.length; i++) ascending = (all[i - 1] ?? 0) < (all[i] ?? 0);
  return ascending ? all : all.sort();
}
