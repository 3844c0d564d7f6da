/** Types of attributes. A `decimal` is a number of at most 15 significant digits (see `attribute.ts`). */
export const fieldTypes = ['string', 'integer', 'decimal', 'boolean', 'date', 'datetime', 'string[]'] as const;
export type FieldType = (typeof fieldTypes)[number];

/** What a profile database says about one attribute. */
export interface FieldDefinition {
  /** `^[a-z][a-zA-Z0-9_]{0,62}$`, none of `reservedFieldNames`. */
  readonly name: string;
  readonly type: FieldType;
  /** No profile may lack it. */
  readonly required?: boolean;
  /** No two profiles share a value; not for lists and booleans. */
  readonly unique?: boolean;
  /** Values in the form of `AttributeValue`; for a list: of its items. Not for booleans. */
  readonly allowedValues?: readonly (string | number | boolean)[];
  /** Masked for roles without the right, never logged. */
  readonly personal?: boolean;
  readonly label?: string;
}

export interface ProfileSchema {
  readonly fields: readonly FieldDefinition[];
}

/**
 * An attribute as the code holds it: `string` text; `integer` and `decimal` numbers; `boolean`; `date` as
 * `YYYY-MM-DD`; `datetime` as `YYYY-MM-DDTHH:MM:SS.sssZ` (UTC, milliseconds); `string[]` a list of text.
 */
export type AttributeValue = string | number | boolean | readonly string[];

/** Attributes by field name; a missing value is absent or `null`. */
export type Attributes = Readonly<Record<string, AttributeValue | null | undefined>>;
