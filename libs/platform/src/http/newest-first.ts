import type { SelectQueryBuilder } from 'typeorm';
import { cursorInvalid, pageCursor } from './page';

export interface Page<T> {
  readonly items: T[];
  /** Ask for the next page with it; `null` at the end. */
  readonly nextCursor: string | null;
}

/** The columns that a list is in order of: an instant, and an id where two are of the same instant. */
export interface NewestFirstKey<T> {
  readonly at: keyof T & string;
  readonly id: keyof T & string;
}

/** A keyset page of entities, newest first. The query's alias must be `row`. Throws `CURSOR_INVALID`. */
export async function newestFirst<T extends object>(
  query: SelectQueryBuilder<T>,
  key: NewestFirstKey<T>,
  limit: number,
  cursor: string | undefined,
): Promise<Page<T>> {
  if (cursor !== undefined) {
    const { at, id } = pageCursor.decode(cursor);
    if (!isInstant(at) || !isUuid(id)) throw cursorInvalid();
    query.andWhere(`(row.${key.at}, row.${key.id}) < (CAST(:at AS timestamptz), CAST(:id AS uuid))`, { at, id });
  }
  const rows = await query
    .orderBy(`row.${key.at}`, 'DESC')
    .addOrderBy(`row.${key.id}`, 'DESC')
    .take(limit + 1)
    .getMany();
  const items = rows.slice(0, limit);
  const last = items.at(-1);
  const more = rows.length > limit && last !== undefined;
  return { items, nextCursor: more ? pageCursor.encode({ at: last[key.at], id: last[key.id] }) : null };
}

function isInstant(value: unknown): value is string {
  return (
    typeof value === 'string' && /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$/.test(value) && !isNaN(Date.parse(value))
  );
}

function isUuid(value: unknown): value is string {
  return typeof value === 'string' && /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/.test(value);
}
