import type {
  AnniversaryLeaf,
  Between,
  CalendarLeaf,
  ComparisonLeaf,
  Condition,
  FieldCondition,
  MembershipLeaf,
  TextLeaf,
} from './condition';
import type { FieldType } from './field';
import { foldText } from './fold';
import { foldPattern } from './fold-pattern';
import { anniversaries, resolveInterval, type RelativeLeaf } from './interval';
import { parsePattern } from './pattern';
import { postgresPattern } from './postgres-pattern';
import type { CompiledCondition, CompileOptions } from './selection';
import { zoneOffsets } from './time-zone';

/** The type that a value of a field is bound as. */
const bindTypes: Readonly<Record<FieldType, string>> = {
  string: 'text',
  integer: 'bigint',
  decimal: 'double precision',
  boolean: 'boolean',
  date: 'date',
  datetime: 'timestamptz',
  'string[]': 'text[]',
};
const comparators = { eq: '=', lt: '<', lte: '<=', gt: '>', gte: '>=' } as const;

/**
 * A validated condition as SQL. Whoever meets it gives true; whoever does not gives false or null, as WHERE wants it
 * (so comparisons stay plain and can use an index). Values are bound, never written into the text; identifiers come
 * from `options.column`.
 */
export function compileSql(condition: Condition, options: CompileOptions): CompiledCondition {
  const compilation = new Compilation(options);
  return { where: compilation.condition(condition), parameters: compilation.parameters };
}

/** An SQL identifier in quotes. */
export function quoted(identifier: string): string {
  if (identifier.includes('\0')) throw new TypeError('an identifier cannot contain NUL');
  return `"${identifier.replace(/"/g, '""')}"`;
}

class Compilation {
  readonly parameters: unknown[] = [];
  private readonly types: ReadonlyMap<string, FieldType>;

  constructor(private readonly options: CompileOptions) {
    this.types = new Map(options.schema.fields.map(({ name, type }) => [name, type]));
  }

  condition(condition: Condition): string {
    if ('all' in condition) return `(${condition.all.map((part) => this.condition(part)).join(' AND ')})`;
    if ('any' in condition) return `(${condition.any.map((part) => this.condition(part)).join(' OR ')})`;
    if ('not' in condition) return `(${this.condition(condition.not)} IS NOT TRUE)`;
    return `(${this.leaf(condition)})`;
  }

  private bind(value: unknown, type: string): string {
    this.parameters.push(value);
    return `$${this.parameters.length + (this.options.parameterOffset ?? 0)}::${type}`;
  }

  private typeOf(field: string): FieldType {
    const type = this.types.get(field);
    if (!type) throw new TypeError(`the schema has no field ${field}: validate the condition first`);
    return type;
  }

  private column(field: string): string {
    const prefix = this.options.alias === undefined ? '' : `${quoted(this.options.alias)}.`;
    return `${prefix}${quoted(this.options.column(field))}`;
  }

  private leaf(leaf: FieldCondition): string {
    const column = this.column(leaf.field);
    const type = this.typeOf(leaf.field);
    switch (leaf.op) {
      case 'empty':
        return this.empty(column, type);
      case 'notEmpty':
        return `(${this.empty(column, type)}) IS NOT TRUE`;
      case 'eq':
      case 'ne':
      case 'lt':
      case 'lte':
      case 'gt':
      case 'gte':
        return this.comparison(leaf, column, type);
      case 'in':
      case 'notIn':
        return this.membership(leaf, column);
      case 'between':
        return this.between(column, leaf.value, bindTypes[type]);
      case 'contains':
      case 'notContains':
      case 'startsWith':
      case 'endsWith':
      case 'matches':
        return this.text(leaf, column);
      case 'weekday':
      case 'month':
        return this.calendar(leaf, column, type);
      case 'anniversaryWithin':
        return this.anniversary(leaf, column, type);
      case 'hasAny':
        return this.hasAny(column, leaf.value);
      case 'hasAll':
        return `${column} @> ${this.bind(leaf.value, 'text[]')}`;
      case 'hasNone':
        return `(${this.hasAny(column, leaf.value)}) IS NOT TRUE`;
      case 'sizeBetween':
        return this.between(`cardinality(${column})`, leaf.value, 'int');
      default:
        return this.relative(leaf, column, type === 'date' ? 'date' : 'datetime');
    }
  }

  private empty(column: string, type: FieldType): string {
    if (type === 'string') return `${column} IS NULL OR ${column} = ''`;
    return type === 'string[]' ? `${column} IS NULL OR ${column} = '{}'` : `${column} IS NULL`;
  }

  private folded(column: string, ignoreCase: boolean | undefined): string {
    return ignoreCase ? `lower(${column} COLLATE pg_c_utf8)` : column;
  }

  private comparison(leaf: ComparisonLeaf, column: string, type: FieldType): string {
    const value = leaf.ignoreCase && typeof leaf.value === 'string' ? foldText(leaf.value) : leaf.value;
    const subject = this.folded(column, leaf.ignoreCase);
    const bound = this.bind(value, bindTypes[type]);
    return leaf.op === 'ne' ? `${subject} IS DISTINCT FROM ${bound}` : `${subject} ${comparators[leaf.op]} ${bound}`;
  }

  private membership(leaf: MembershipLeaf, column: string): string {
    const values = leaf.ignoreCase ? leaf.value.map(foldText) : leaf.value;
    const found = `${this.folded(column, leaf.ignoreCase)} = ANY(${this.bind(values, 'text[]')})`;
    return leaf.op === 'in' ? found : `(${found}) IS NOT TRUE`;
  }

  private between(subject: string, { from, to }: Between<string | number>, type: string): string {
    return `${subject} BETWEEN ${this.bind(from, type)} AND ${this.bind(to, type)}`;
  }

  private text(leaf: TextLeaf, column: string): string {
    const subject = this.folded(column, leaf.ignoreCase);
    if (leaf.op === 'matches') {
      const pattern = parsePattern(leaf.value);
      return `${subject} ~ ${this.bind(postgresPattern(leaf.ignoreCase ? foldPattern(pattern) : pattern), 'text')}`;
    }
    const bound = this.bind(leaf.ignoreCase ? foldText(leaf.value) : leaf.value, 'text');
    switch (leaf.op) {
      case 'contains':
        return `strpos(${subject}, ${bound}) > 0`;
      case 'notContains':
        return `(strpos(${subject}, ${bound}) > 0) IS NOT TRUE`;
      case 'startsWith':
        return `${subject} ^@ ${bound}`;
      case 'endsWith':
        return `right(${subject}, length(${bound})) = ${bound}`;
    }
  }

  /** A long list is hashed by `= ANY`, where `&&` would go through it once for each item. */
  private hasAny(column: string, values: readonly string[]): string {
    const bound = this.bind(values, 'text[]');
    return values.length <= 8
      ? `${column} && ${bound}`
      : `EXISTS (SELECT FROM unnest(${column}) AS item (value) WHERE item.value = ANY(${bound}))`;
  }

  private relative(leaf: RelativeLeaf, column: string, type: 'date' | 'datetime'): string {
    const { lower, upper } = resolveInterval(leaf, type, this.options.now);
    const ends: string[] = [];
    if (lower) ends.push(`${column} ${lower.included ? '>=' : '>'} ${this.bind(lower.value, bindTypes[type])}`);
    if (upper) ends.push(`${column} ${upper.included ? '<=' : '<'} ${this.bind(upper.value, bindTypes[type])}`);
    return ends.join(' AND ');
  }

  /** The day and time on the wall of the zone, whose offsets are looked up by a binary search. */
  private local(leaf: CalendarLeaf | AnniversaryLeaf, column: string, type: FieldType): string {
    if (type === 'date') return column;
    const { changes, offsets } = zoneOffsets(leaf.timeZone ?? 'UTC');
    const ahead = this.bind(
      offsets.map((offset) => `${offset / 1000} seconds`),
      'interval[]',
    );
    const utc = `${column} AT TIME ZONE 'UTC'`;
    if (changes.length === 0) return `(${utc} + (${ahead})[1])`;
    const instants = this.bind(
      changes.map((change) => new Date(change).toISOString()),
      'timestamptz[]',
    );
    return `(${utc} + (${ahead})[width_bucket(${column}, ${instants}) + 1])`;
  }

  private calendar(leaf: CalendarLeaf, column: string, type: FieldType): string {
    const part = leaf.op === 'weekday' ? 'isodow' : 'month';
    return `extract(${part} FROM ${this.local(leaf, column, type)})::int = ANY(${this.bind(leaf.value, 'int[]')})`;
  }

  private anniversary(leaf: AnniversaryLeaf, column: string, type: FieldType): string {
    const local = this.local(leaf, column, type);
    const days = anniversaries(leaf.value.days, leaf.timeZone ?? 'UTC', this.options.now);
    return `(extract(month FROM ${local}) * 100 + extract(day FROM ${local}))::int = ANY(${this.bind(days, 'int[]')})`;
  }
}
