import { type Bucket, strataOf, type StratificationDefinition, type StratificationField } from '@muster/assignment';
import { inlineParameters, type SqlText } from '@muster/segmentation';

/** Where the profiles are: a table and the column of each field, both safe to stand in SQL. */
export interface StrataSource {
  readonly table: string;
  column(field: string): string;
}

/**
 * A query with one row: profile numbers (`int4send` one after the other) and, in the same order, their codes
 * (`int2send`), of the profiles that meet `where`. Two values are much cheaper than a row for each profile. Literals are
 * written into it, so that it can be sent as a COPY. It agrees with `stratumCodeOf` of `@muster/assignment`.
 */
export function strataSql(definition: StratificationDefinition, source: StrataSource, where: SqlText): string {
  const values = [...where.values];
  const bind = (value: unknown): string => `$${String(values.push(value))}`;
  const buckets = definition.fields.map(
    (field, i) => `${bucketSql(field, source.column(field.field), bind)} AS b${String(i)}`,
  );
  const text = `
    SELECT coalesce(string_agg(int4send(profile_no), ''::bytea), ''::bytea) AS numbers,
      coalesce(string_agg(int2send(${codeSql(definition)}::int2), ''::bytea), ''::bytea) AS codes
    FROM (SELECT ${['profile_no', ...buckets].join(', ')} FROM ${source.table} WHERE ${where.text}) placed`;
  return inlineParameters({ text, values });
}

/** The code of the cell that the buckets make; that of the residual stratum where a value fits none. */
function codeSql(definition: StratificationDefinition): string {
  const { fields } = definition;
  if (fields.length === 0) return '0';
  const cell = fields.map((field, i) => [`b${String(i)}`, field.buckets.length] as const);
  const index = cell.reduce((sum, [name, size], i) => (i === 0 ? name : `(${sum}) * ${String(size)} + ${name}`), '');
  const codes = codesByCell(definition);
  return `CASE WHEN ${cell.map(([name]) => `${name} IS NOT NULL`).join(' AND ')}
    THEN ('{${codes.join(',')}}'::int2[])[1 + ${index}] ELSE ${String(codes.length)} END`;
}

/** The code of each cell of the cross product, the buckets of the last field running fastest. */
export function codesByCell(definition: StratificationDefinition): number[] {
  // labels do not count for codes: those that say the bucket's place tell which cell a code stands for
  const placed: StratificationDefinition = {
    fields: definition.fields.map((field) => ({
      ...field,
      buckets: field.buckets.map((bucket, i): Bucket => ({ ...bucket, label: String(i) })),
    })),
  };
  const codes: number[] = [];
  for (const { code, labels } of strataOf(placed)) {
    if (!labels) continue;
    const cell = definition.fields.reduce((sum, { field, buckets }) => sum * buckets.length + Number(labels[field]), 0);
    codes[cell] = code;
  }
  return codes;
}

const SQL_TYPES = {
  string: 'text',
  integer: 'bigint',
  decimal: 'double precision',
  boolean: 'boolean',
  date: 'date',
  datetime: 'timestamptz',
} as const;

/** The place of the bucket that the column's value fits; null where it fits none. */
function bucketSql({ type, buckets }: StratificationField, column: string, bind: (value: unknown) => string): string {
  const literal = (value: unknown): string =>
    `${bind(type === 'datetime' ? ceilMilliseconds(String(value)) : value)}::${SQL_TYPES[type]}`;
  const holds = (bucket: Bucket): string => {
    if ('values' in bucket) return valuesSql(type, column, bucket.values, bind);
    return [
      ...(bucket.from === undefined ? [] : [`${column} >= ${literal(bucket.from)}`]),
      ...(bucket.to === undefined ? [] : [`${column} < ${literal(bucket.to)}`]),
    ].join(' AND ');
  };
  return `CASE ${buckets.map((bucket, i) => `WHEN ${holds(bucket)} THEN ${String(i)}`).join(' ')} END`;
}

function valuesSql(
  type: StratificationField['type'],
  column: string,
  values: readonly (string | number | boolean)[],
  bind: (value: unknown) => string,
): string {
  if (type === 'boolean') return `(${values.map((value) => `${column} = ${bind(value)}`).join(' OR ')})`;
  const exact = type === 'datetime' ? values.filter((value) => isWholeMilliseconds(String(value))) : values;
  return `${column} = ANY (${bind(exact)}::${SQL_TYPES[type]}[])`;
}

function isWholeMilliseconds(instant: string): boolean {
  return !/\.\d{3}\d*[1-9]\d*Z$/.test(instant);
}

/** The first whole millisecond not before an instant: attributes have milliseconds, settings may have more digits. */
function ceilMilliseconds(instant: string): string {
  const cut = instant.replace(/(\.\d{3})\d+Z$/, '$1Z');
  return isWholeMilliseconds(instant) ? cut : new Date(Date.parse(cut) + 1).toISOString();
}
