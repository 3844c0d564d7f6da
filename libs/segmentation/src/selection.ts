import type { Condition } from './condition';
import type { ProfileSchema } from './field';

/** Hundredths of a percent, `[from, to)` of 0..10000. */
export interface Range {
  readonly from: number;
  readonly to: number;
}

/** Where the attributes are. Names come from the caller's schema records, never from a user's text. */
export interface ProfileTable {
  /** The SQL text of the table, quoted by the caller where needed: `"segments"."profiles_7"`. */
  readonly table: string;
  /** The bare column of a field (`c1`); it is quoted here. */
  readonly column: (field: string) => string;
  /** The bare column of the profile number; default `profile_no`. */
  readonly profileNo?: string;
}

/** SQL text with `$n` placeholders and what is bound to them. */
export interface SqlText {
  readonly text: string;
  readonly values: readonly unknown[];
}

export interface CompileOptions {
  readonly schema: ProfileSchema;
  readonly column: (field: string) => string;
  readonly now: Date;
  /** Written before every column: `p` gives `p."c1"`. */
  readonly alias?: string;
  /** How many parameters the surrounding statement has before these; default 0. */
  readonly parameterOffset?: number;
}

export interface CompiledCondition {
  /** True for whoever meets the condition; false or null for others: for WHERE as it is, negated by IS NOT TRUE. */
  readonly where: string;
  readonly parameters: readonly unknown[];
}

/** Who is selected: condition, then range, then limit. */
export interface Selection {
  /** `null` or absent: everyone inside the range. */
  readonly condition?: Condition | null;
  /** Default 0..10000. */
  readonly range?: Range | null;
  /** At most so many, those with the smallest limit rank; `null` or absent: no limit. */
  readonly limit?: number | null;
}

export interface SelectionSource {
  readonly schema: ProfileSchema;
  readonly table: ProfileTable;
  readonly now: Date;
  /** The database's salt, 32 lower-case hex digits. */
  readonly salt: string;
}
