import type { Lcg } from './naive-campaign';

export type Condition =
  | { readonly all: readonly Condition[] }
  | { readonly any: readonly Condition[] }
  | { readonly not: Condition }
  | { readonly field: 'age'; readonly op: 'lt' | 'gte' | 'eq' | 'ne'; readonly value: number }
  | { readonly field: 'city'; readonly op: 'in' | 'notIn'; readonly value: readonly string[] }
  | { readonly field: 'vip'; readonly op: 'eq'; readonly value: boolean }
  | { readonly field: 'age' | 'city'; readonly op: 'empty' | 'notEmpty' };

export type ImportMode = 'insert' | 'update' | 'upsert';

/** A row of a file as text: external id, age, city, vip. An age that is no number makes it a bad one. */
export type Row = readonly [id: string, age: string, city: string, vip: string];

export interface MembersChange {
  readonly add: readonly string[];
  readonly remove: readonly string[];
}

/** What somebody does, as plain data: it can be printed, and done again. Campaigns by index, strata by name. */
export type Step =
  | { readonly do: 'import'; readonly mode: ImportMode; readonly rows: readonly Row[] }
  | { readonly do: 'recalculate' }
  | { readonly do: 'recalculate by'; readonly condition: Condition | null }
  /** One call after the other, without waiting for what follows from them. */
  | { readonly do: 'change members'; readonly changes: readonly MembersChange[] }
  | { readonly do: 'create campaign'; readonly lcg: Lcg | null; readonly strata: string | null }
  | { readonly do: 'activate' | 'deactivate' | 'complete'; readonly campaign: number }
  | { readonly do: 'set lcg'; readonly campaign: number; readonly lcg: Lcg | null }
  | { readonly do: 'set strata'; readonly campaign: number; readonly strata: string | null };
