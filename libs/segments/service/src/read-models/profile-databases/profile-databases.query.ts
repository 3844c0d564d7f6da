import { InjectPool } from '@muster/platform';
import { Injectable } from '@nestjs/common';
import { ApiProperty } from '@nestjs/swagger';
import type { Pool } from 'pg';

/** A profile database as lists show it. */
export class ProfileDatabaseSummary {
  @ApiProperty({ format: 'uuid' }) databaseId!: string;
  @ApiProperty() name!: string;
  @ApiProperty({ description: 'How many fields it has.' }) fields!: number;
  @ApiProperty({ description: 'How many profiles its completed imports have made.' }) profiles!: number;
  @ApiProperty({ format: 'date-time' }) createdAt!: string;
  @ApiProperty({ format: 'date-time', nullable: true, type: String }) importedAt!: string | null;
}

interface Row {
  readonly database_id: string;
  readonly name: string;
  readonly fields: number;
  readonly profiles: string;
  readonly created_at: Date;
  readonly imported_at: Date | null;
}

/** Reads the list of profile databases. */
@Injectable()
export class ProfileDatabasesQuery {
  constructor(@InjectPool('segments') private readonly pool: Pool) {}

  /** The newest first. */
  async page(
    before: { readonly createdAt: string; readonly databaseId: string } | null,
    limit: number,
  ): Promise<readonly ProfileDatabaseSummary[]> {
    const { rows } = await this.pool.query<Row>(
      `SELECT database_id, name, fields, profiles, created_at, imported_at FROM profile_database
       WHERE $1::timestamptz IS NULL OR (created_at, database_id) < ($1::timestamptz, $2::uuid)
       ORDER BY created_at DESC, database_id DESC LIMIT $3`,
      [before?.createdAt ?? null, before?.databaseId ?? null, limit],
    );
    return rows.map((row) => ({
      databaseId: row.database_id,
      name: row.name,
      fields: row.fields,
      profiles: Number(row.profiles),
      createdAt: row.created_at.toISOString(),
      importedAt: row.imported_at?.toISOString() ?? null,
    }));
  }

  /** Those whose typed tables are not there, or made from an earlier revision than this list knows. */
  async withoutTables(): Promise<readonly string[]> {
    const { rows } = await this.pool.query<{ database_id: string }>(
      `SELECT d.database_id FROM profile_database d LEFT JOIN profile_table t USING (database_id)
       WHERE t.revision IS NULL OR (t.revision < d.revision AND t.name IS DISTINCT FROM d.name)
          OR jsonb_array_length(t.fields) <> d.fields`,
    );
    return rows.map((row) => row.database_id);
  }
}
