import type { FieldProblem } from "@muster/kernel";
import type {
  Attributes,
  AttributeValue,
  FieldDefinition,
  ProfileSchema,
} from "./field";
import type { Condition } from "./condition";
import type {
  CompileOptions,
  CompiledCondition,
  Selection,
  SelectionSource,
  SqlText,
} from "./selection";
export * from "./field";
export * from "./condition";
export * from "./selection";

export type ValueCheck =
  { readonly value: AttributeValue | null } | { readonly problem: string };
export type ConditionCheck =
  | { readonly condition: Condition }
  | { readonly problems: readonly FieldProblem[] };
export declare function validateFields(fields: unknown): FieldProblem[];
export declare function parseValue(
  field: FieldDefinition,
  text: string,
): ValueCheck;
export declare function checkValue(
  field: FieldDefinition,
  json: unknown,
): ValueCheck;
export declare function sqlType(field: FieldDefinition): string;
export declare function validateCondition(
  script: unknown,
  schema: ProfileSchema,
): ConditionCheck;
export declare function compileSql(
  condition: Condition,
  options: CompileOptions,
): CompiledCondition;
export declare function selectSql(
  selection: Selection,
  source: SelectionSource,
): SqlText;
export declare function countSql(
  selection: Selection,
  source: SelectionSource,
): SqlText;
export declare function previewSql(
  selection: Selection,
  source: SelectionSource,
): SqlText;
export declare function inlineParameters(sql: SqlText): string;
export declare function evaluate(
  condition: Condition,
  attributes: Attributes,
  context: { schema: ProfileSchema; now: Date },
): boolean;
export declare function describe(condition: Condition): string;
export declare function fieldsOf(condition: Condition): string[];
