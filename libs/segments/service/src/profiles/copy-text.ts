import { parseValue, checkValue, type AttributeValue, type FieldDefinition } from '@muster/segmentation';

/** A missing value in the text format of COPY. */
export const NULL_CELL = '\\N';

/** Why a value cannot be taken. */
export class Refused {
  constructor(readonly reason: string) {}
}

/** What must not stand in a cell of COPY's text format as it is; also everything that a check has to look at. */
const special = /[\\\t\n\r\b\f\v\0\ud800-\udfff]/;
const escapes: Readonly<Record<string, string>> = {
  '\\': '\\\\',
  '\t': '\\t',
  '\n': '\\n',
  '\r': '\\r',
  '\b': '\\b',
  '\f': '\\f',
  '\v': '\\v',
};
const unescapes: Readonly<Record<string, string>> = { t: '\t', n: '\n', r: '\r', b: '\b', f: '\f', v: '\v' };

/** Text for the text format of COPY. https://www.postgresql.org/docs/current/sql-copy.html */
export function escapeCopy(text: string): string {
  return special.test(text) ? text.replace(/[\\\t\n\r\b\f\v]/g, (char) => escapes[char] ?? char) : text;
}

/** The text that {@link escapeCopy} was given. */
export function unescapeCopy(cell: string): string {
  return cell.includes('\\') ? cell.replace(/\\(.)/g, (_, char: string) => unescapes[char] ?? char) : cell;
}

/** A checked value in the text format of COPY. */
export function copyValue(value: AttributeValue | null): string {
  if (value === null) return NULL_CELL;
  if (typeof value === 'string') return escapeCopy(value);
  if (typeof value === 'boolean') return value ? 't' : 'f';
  if (typeof value === 'number') return String(value);
  return escapeCopy(`{${value.map((item) => `"${item.replace(/["\\]/g, '\\$&')}"`).join(',')}}`);
}

/** Reads a cell of a file into the text format of COPY. */
export type CellReader = (text: string) => string | Refused;

// What these let through, `parseValue` takes with the same value (see the property in copy-text.spec.ts): they spare the
// common case the parse and the way back to text.
const plainInteger = /^(?:-?[1-9]\d{0,14}|0)$/;
const plainDecimal = /^(?:-?[1-9]\d{0,8}|0)(?:\.\d{1,5})?$/;
const plainDate = /^[12]\d{3}-(?:0[1-9]|1[0-2])-(?:0[1-9]|1\d|2[0-8])$/;
const plainInstant =
  /^[12]\d{3}-(?:0[1-9]|1[0-2])-(?:0[1-9]|1\d|2[0-8])T(?:[01]\d|2[0-3]):[0-5]\d:[0-5]\d(?:\.\d{3})?Z$/;
const LONGEST_PLAIN_TEXT = 1000;
/** In UTF-8: what an index of Postgres takes for certain. */
const LONGEST_UNIQUE_BYTES = 2000;

/** The reader for the cells of a field: `parseValue` of the condition language, and its shortcuts. */
export function cellReader(field: FieldDefinition): CellReader {
  const full: CellReader = (text) => {
    const check = parseValue(field, text);
    return 'problem' in check ? new Refused(check.problem) : accepted(field, check.value);
  };
  const isPlain = plainness(field);
  return isPlain === undefined ? full : (text) => (isPlain(text) ? text : full(text));
}

/** Reads a value of a JSON row into the text format of COPY. */
export function jsonReader(field: FieldDefinition): (json: unknown) => string | Refused {
  return (json) => {
    const check = checkValue(field, json);
    return 'problem' in check ? new Refused(check.problem) : accepted(field, check.value);
  };
}

function plainness(field: FieldDefinition): ((text: string) => boolean) | undefined {
  // values of unique fields are told apart by their text: each has to come out in its one canonical form
  if (field.unique) return undefined;
  if (field.allowedValues !== undefined) {
    if (field.type !== 'string') return undefined;
    const plain = new Set(field.allowedValues.map(String).filter((value) => !special.test(value)));
    return (text) => plain.has(text);
  }
  switch (field.type) {
    case 'string':
      return (text) => text.length > 0 && text.length <= LONGEST_PLAIN_TEXT && !special.test(text);
    case 'integer':
      return (text) => plainInteger.test(text);
    case 'decimal':
      return (text) => plainDecimal.test(text);
    case 'date':
      return (text) => plainDate.test(text);
    case 'datetime':
      return (text) => plainInstant.test(text);
    case 'boolean':
    case 'string[]':
      return undefined;
  }
}

function accepted(field: FieldDefinition, value: AttributeValue | null): string | Refused {
  if (field.unique && typeof value === 'string' && Buffer.byteLength(value) > LONGEST_UNIQUE_BYTES) {
    return new Refused(`must have at most ${String(LONGEST_UNIQUE_BYTES)} bytes, because it is unique`);
  }
  return copyValue(value);
}
