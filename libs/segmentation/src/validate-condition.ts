import type { FieldProblem } from '@muster/kernel';
import type { Condition, Operator } from './condition';
import type { FieldDefinition, ProfileSchema } from './field';
import { foldable, operatorsOf, zoned } from './operators';
import { isTimeZone } from './time-zone';
import { checkOperand, isPlainObject, membersOf } from './validate-value';

export interface ConditionLimits {
  /** How deep groups may nest, a leaf alone being 1. */
  readonly depth: number;
  /** Groups and leaves together. */
  readonly nodes: number;
}
export const conditionLimits: ConditionLimits = { depth: 16, nodes: 500 };

/** The condition with every default said, or what is wrong with the script. */
export type ConditionCheck = { readonly condition: Condition } | { readonly problems: readonly FieldProblem[] };

/** Kinds of the language that this version does not know yet. */
const laterKinds = ['interaction', 'subscription', 'segment', 'list', 'gcg', 'related'];
const kinds = ['all', 'any', 'not', 'field'];
const maxProblems = 100;

/** A script that waits to be checked, and where its condition goes. */
interface Waiting {
  readonly script: unknown;
  readonly path: string;
  readonly depth: number;
  readonly place: (condition: Condition) => void;
}

/**
 * Checks a script of unknown origin against the grammar, the schema and the limits, without recursion. Paths of
 * problems are JSON pointers into the script; at most 100 problems are told.
 */
export function validateCondition(
  script: unknown,
  schema: ProfileSchema,
  limits: ConditionLimits = conditionLimits,
): ConditionCheck {
  const check = new ConditionReader(schema, limits);
  return check.read(script);
}

class ConditionReader {
  private readonly problems: FieldProblem[] = [];
  private readonly waiting: Waiting[] = [];
  private readonly fields: ReadonlyMap<string, FieldDefinition>;
  private nodes = 1;

  constructor(
    schema: ProfileSchema,
    private readonly limits: ConditionLimits,
  ) {
    this.fields = new Map(schema.fields.map((field) => [field.name, field]));
  }

  read(script: unknown): ConditionCheck {
    let root: Condition | undefined;
    this.waiting.push({ script, path: '', depth: 1, place: (condition) => (root = condition) });
    for (let next = this.waiting.pop(); next && this.problems.length < maxProblems; next = this.waiting.pop()) {
      this.check(next);
    }
    return root && this.problems.length === 0 ? { condition: root } : { problems: this.problems };
  }

  private refuse(path: string, message: string): void {
    this.problems.push({ path, message });
  }

  private check(next: Waiting): void {
    const { script, path, depth } = next;
    if (depth > this.limits.depth) {
      return this.refuse(path, `is nested too deep; at most ${this.limits.depth} levels are allowed`);
    }
    if (!isPlainObject(script)) {
      return this.refuse(path, 'must be a condition: an object with all, any, not or field');
    }
    const kind = kinds.find((known) => Object.hasOwn(script, known));
    if (kind === undefined) return this.refuseKind(script, path);
    if (kind === 'field') return this.checkLeaf(next);
    const read = membersOf(script, [kind], path);
    if ('problems' in read) return void this.problems.push(...read.problems);
    const value = read.members.get(kind);
    if (kind === 'not') {
      const group: { not?: Condition } = {};
      this.enqueue([value], `${path}/not`, next, (condition) => (group.not = condition));
      next.place(group as Condition);
    } else if (kind === 'all' || kind === 'any') {
      this.checkGroup(kind, value, next);
    }
  }

  private refuseKind(script: Record<string, unknown>, path: string): void {
    const later = laterKinds.find((kind) => Object.hasOwn(script, kind));
    this.refuse(
      path,
      later === undefined
        ? 'must be a condition: an object with all, any, not or field'
        : `uses "${later}", which conditions cannot do yet; allowed are all, any, not and field`,
    );
  }

  private checkGroup(kind: 'all' | 'any', value: unknown, parent: Waiting): void {
    const path = `${parent.path}/${kind}`;
    if (!Array.isArray(value)) return this.refuse(path, 'must be a list of conditions');
    if (value.length === 0) return this.refuse(path, 'must have at least one condition');
    const conditions: Condition[] = [];
    this.enqueue(value as unknown[], path, parent, (condition, index) => (conditions[index] = condition), true);
    parent.place(kind === 'all' ? { all: conditions } : { any: conditions });
  }

  private enqueue(
    scripts: readonly unknown[],
    path: string,
    parent: Waiting,
    place: (condition: Condition, index: number) => void,
    numbered = false,
  ): void {
    this.nodes += scripts.length;
    if (this.nodes > this.limits.nodes) {
      this.waiting.length = 0;
      return this.refuse(path, `has too many conditions; at most ${this.limits.nodes} are allowed in all`);
    }
    // The stack gives them back in the order of the script.
    for (let index = scripts.length - 1; index >= 0; index--) {
      this.waiting.push({
        script: scripts[index],
        path: numbered ? `${path}/${index}` : path,
        depth: parent.depth + 1,
        place: (condition) => place(condition, index),
      });
    }
  }

  private checkLeaf({ script, path, place }: Waiting): void {
    const read = membersOf(script, ['field', 'op', 'value', 'ignoreCase', 'timeZone'], path);
    if ('problems' in read) return void this.problems.push(...read.problems);
    const { members } = read;
    const field = this.fieldOf(members.get('field'), path);
    if (!field) return;
    const op = operatorsOf[field.type].find((known) => known === members.get('op'));
    if (op === undefined) {
      return this.refuse(
        `${path}/op`,
        `must be an operator of ${field.type} fields: ${operatorsOf[field.type].join(', ')}`,
      );
    }
    const leaf: Record<string, unknown> = { field: field.name, op };
    const before = this.problems.length;
    this.readOperand(leaf, op, field, members, path);
    this.readIgnoreCase(leaf, op, field, members.get('ignoreCase'), path);
    this.readTimeZone(leaf, op, members.get('timeZone'), path);
    if (this.problems.length === before) place(leaf as unknown as Condition);
  }

  private fieldOf(name: unknown, path: string): FieldDefinition | undefined {
    const field = typeof name === 'string' ? this.fields.get(name) : undefined;
    if (!field) {
      this.problems.push({
        path: `${path}/field`,
        message: 'must be the name of a field of the profile database',
        code: 'FIELD_UNKNOWN',
      });
    }
    return field;
  }

  private readOperand(
    leaf: Record<string, unknown>,
    op: Operator,
    field: FieldDefinition,
    members: ReadonlyMap<string, unknown>,
    path: string,
  ): void {
    if (op === 'empty' || op === 'notEmpty') {
      if (members.has('value')) this.refuse(`${path}/value`, `is not allowed with ${op}`);
      return;
    }
    const operand = checkOperand(op, field.type, members.get('value'), `${path}/value`);
    if ('problems' in operand) this.problems.push(...operand.problems);
    else leaf['value'] = operand.value;
  }

  private readIgnoreCase(
    leaf: Record<string, unknown>,
    op: Operator,
    field: FieldDefinition,
    ignoreCase: unknown,
    path: string,
  ): void {
    if (ignoreCase === undefined) return;
    if (field.type !== 'string' || !foldable.has(op)) {
      return this.refuse(`${path}/ignoreCase`, 'is allowed only where text is compared');
    }
    if (typeof ignoreCase !== 'boolean') return this.refuse(`${path}/ignoreCase`, 'must be true or false');
    if (ignoreCase) leaf['ignoreCase'] = true;
  }

  private readTimeZone(leaf: Record<string, unknown>, op: Operator, timeZone: unknown, path: string): void {
    if (!zoned.has(op)) {
      if (timeZone !== undefined) this.refuse(`${path}/timeZone`, `is not allowed with ${op}`);
      return;
    }
    const zone = timeZone ?? 'UTC';
    if (typeof zone !== 'string' || !isTimeZone(zone)) {
      return this.refuse(`${path}/timeZone`, 'must be UTC or the name of a time zone such as Europe/Berlin');
    }
    leaf['timeZone'] = zone;
  }
}
