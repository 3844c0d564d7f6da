import { copyBinaryRow } from '@muster/postgres';
import { InjectPool } from '@muster/platform';
import { ProfileSet } from '@muster/profile-set';
import { countSql, inlineParameters, packedSql, previewSql, type Selection } from '@muster/segmentation';
import type { SelectionRecord } from '@muster/segments-events';
import { Injectable } from '@nestjs/common';
import type { Pool } from 'pg';
import { Profiles } from '../profiles/profiles';
import { Conditions } from './conditions';
import { ascending, unpacked } from './packed-numbers';
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
    const sql = packedSql({ condition, range: record.range, limit: record.limit }, source);
    const client = await this.pool.connect();
    try {
      const [numbers = Buffer.alloc(0)] = await copyBinaryRow(client, inlineParameters(sql));
      return ProfileSet.fromSorted(ascending(unpacked(numbers)));
    } finally {
      client.release();
    }
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
