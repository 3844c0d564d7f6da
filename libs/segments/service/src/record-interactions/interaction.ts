import { checkValue, textProblem, type FieldDefinition } from '@muster/segmentation';

/** Something that a profile did. */
export interface Interaction {
  readonly externalId: string;
  readonly kind: string;
  readonly at: string;
  readonly entity: string | null;
  readonly value: number | null;
  readonly channel: string | null;
  readonly campaignId: string | null;
  readonly activityId: string | null;
  /** The caller's own id: the same one is recorded once. */
  readonly id: string | null;
}

/** What is wrong with a member of an interaction. */
export interface InteractionProblem {
  readonly member: string;
  readonly message: string;
}

const instant: FieldDefinition = { name: 'at', type: 'datetime', required: true };
const decimal: FieldDefinition = { name: 'value', type: 'decimal' };
const uuid = /^[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$/i;
const kind = /^[a-z][a-zA-Z0-9_.-]{0,99}$/;

type Check = (value: unknown) => string | number | null | InteractionFault;

class InteractionFault {
  constructor(readonly message: string) {}
}

const text =
  (longest: number, required = false): Check =>
  (value) => {
    if (value === undefined || value === null || value === '') {
      return required ? new InteractionFault('is required') : null;
    }
    if (typeof value !== 'string') return new InteractionFault('must be text');
    if (value.length > longest) return new InteractionFault(`must have at most ${String(longest)} characters`);
    const problem = textProblem(value);
    return problem === undefined ? value : new InteractionFault(problem);
  };

const matching =
  (pattern: RegExp, message: string, required = false): Check =>
  (value) => {
    const checked = text(100, required)(value);
    return typeof checked === 'string' && !pattern.test(checked) ? new InteractionFault(message) : checked;
  };

const typed =
  (field: FieldDefinition): Check =>
  (value) => {
    const check = checkValue(field, value);
    return 'problem' in check ? new InteractionFault(check.problem) : (check.value as string | number | null);
  };

const members: Readonly<Record<keyof Interaction, Check>> = {
  externalId: text(500, true),
  kind: matching(kind, 'must begin with a small letter and have letters, digits, _ . - only', true),
  at: typed(instant),
  entity: text(500),
  value: typed(decimal),
  channel: text(50),
  campaignId: matching(uuid, 'must be a UUID'),
  activityId: matching(uuid, 'must be a UUID'),
  id: text(200),
};

/** The members of an interaction: columns of CSV, keys of JSON. */
export const interactionMembers: readonly string[] = Object.keys(members);

/** Checks what came as JSON, or as CSV with numbers read. */
export function checkInteraction(raw: Readonly<Record<string, unknown>>): Interaction | InteractionProblem {
  const stranger = Object.keys(raw).find((member) => !interactionMembers.includes(member));
  if (stranger !== undefined) return { member: stranger.slice(0, 100), message: 'is not a member of an interaction' };
  const checked: Record<string, string | number | null> = {};
  for (const [member, check] of Object.entries(members)) {
    const value = check(Object.hasOwn(raw, member) ? raw[member] : undefined);
    if (value instanceof InteractionFault) return { member, message: value.message };
    checked[member] = value;
  }
  return checked as unknown as Interaction;
}
