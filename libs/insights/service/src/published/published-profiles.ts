import { DomainError } from '@muster/kernel';
import { InjectPool } from '@muster/platform';
import { Injectable } from '@nestjs/common';
import { escapeIdentifier, escapeLiteral, type Pool } from 'pg';

/** A field of a profile database, as `segments` publishes it. */
export interface PublishedField {
  readonly name: string;
  readonly type: string;
}

export interface PublishedDatabase {
  readonly databaseId: string;
  readonly name: string;
  /** Qualified and quoted where needed. */
  readonly view: string;
  readonly fields: readonly PublishedField[];
}

export interface PublishedProfile {
  readonly externalId: string;
  /** By field name; missing values are left out. */
  readonly attributes: Readonly<Record<string, unknown>>;
}

export interface StratumLabel {
  readonly code: number;
  readonly hash: string;
  readonly label: string;
}

export interface AttributeChange {
  readonly at: Date;
  readonly field: string;
  readonly old: unknown;
  readonly new: unknown;
  readonly source: string;
}

/**
 * Attributes, external ids and labels, read from the views that `segments` publishes whenever they are asked for:
 * insights keeps none of them, so that erasure has one place.
 */
@Injectable()
export class PublishedProfiles {
  constructor(@InjectPool('insights') private readonly pool: Pool) {}

  /** Null where the database is not there any more. */
  async database(databaseId: string): Promise<PublishedDatabase | null> {
    const { rows } = await this.pool.query<PublishedDatabase>(
      `SELECT database_id AS "databaseId", name, profile_view AS view, fields
       FROM segments.published_database WHERE database_id = $1`,
      [databaseId],
    );
    return rows[0] ?? null;
  }

  /** The profiles with these numbers; those that were erased are left out. Only `fields` where these are given. */
  async byNumber(
    databaseId: string | null,
    numbers: readonly number[],
    fields?: readonly string[],
  ): Promise<ReadonlyMap<number, PublishedProfile>> {
    const database = databaseId !== null && numbers.length > 0 ? await this.database(databaseId) : null;
    if (!database) return new Map();
    const shown = fields ? database.fields.filter(({ name }) => fields.includes(name)) : database.fields;
    const { rows } = await this.pool.query<PublishedProfile & { profileNo: number }>(
      `SELECT profile_no AS "profileNo", external_id AS "externalId", ${attributesSql(shown)} AS attributes
       FROM ${database.view} WHERE profile_no = ANY ($1::integer[])`,
      [numbers],
    );
    return new Map(rows.map(({ profileNo, ...profile }) => [profileNo, profile]));
  }

  /** Throws `DATABASE_NOT_FOUND` and `PROFILE_NOT_FOUND`. */
  async numberOf(databaseId: string, externalId: string): Promise<number> {
    const database = await this.database(databaseId);
    if (!database) throw new DomainError('DATABASE_NOT_FOUND', { detail: 'There is no such profile database.' });
    const { rows } = await this.pool.query<{ profileNo: number }>(
      `SELECT profile_no AS "profileNo" FROM ${database.view} WHERE external_id = $1`,
      [externalId],
    );
    if (!rows[0]) {
      throw new DomainError('PROFILE_NOT_FOUND', {
        detail: 'The profile database has no profile of this external id.',
      });
    }
    return rows[0].profileNo;
  }

  /** The strata of definitions by their hash. */
  async strata(stratifications: readonly string[]): Promise<ReadonlyMap<string, readonly StratumLabel[]>> {
    const labels = new Map<string, StratumLabel[]>();
    if (stratifications.length === 0) return labels;
    const { rows } = await this.pool.query<StratumLabel & { stratification: string }>(
      `SELECT stratification_hash AS stratification, code, stratum_hash AS hash, label
       FROM segments.published_stratum WHERE stratification_hash = ANY ($1::text[]) ORDER BY 1, 2`,
      [stratifications],
    );
    for (const { stratification, ...label } of rows) {
      labels.set(stratification, [...(labels.get(stratification) ?? []), label]);
    }
    return labels;
  }

  attributeChanges(databaseId: string, profileNo: number): Promise<readonly AttributeChange[]> {
    return this.pool
      .query<AttributeChange>(
        `SELECT at, field, old, new, source FROM segments.published_attribute_change
         WHERE database_id = $1 AND profile_no = $2 ORDER BY at DESC`,
        [databaseId, profileNo],
      )
      .then(({ rows }) => rows);
  }
}

/** A Postgres function takes 100 arguments at most. */
const PAIRS_PER_OBJECT = 50;

function attributesSql(fields: readonly PublishedField[]): string {
  const parts: string[] = [];
  for (let i = 0; i < fields.length; i += PAIRS_PER_OBJECT) {
    const pairs = fields
      .slice(i, i + PAIRS_PER_OBJECT)
      .map((field) => `${escapeLiteral(field.name)}, ${valueSql(field)}`);
    parts.push(`jsonb_build_object(${pairs.join(', ')})`);
  }
  return parts.length === 0 ? `'{}'::jsonb` : `jsonb_strip_nulls(${parts.join(' || ')})`;
}

/** Instants in UTC with milliseconds, whatever the session's time zone. */
function valueSql({ name, type }: PublishedField): string {
  const column = escapeIdentifier(name);
  return type === 'datetime' ? `to_char(${column} AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.MS"Z"')` : column;
}
