export * from './field';
export * from './condition';
export * from './selection';
export { checkValue, maxListItems, parseValue, type ValueCheck } from './attribute';
export { maxTextLength, textProblem } from './text';
export {
  maxAllowedValues,
  maxFields,
  reservedFieldNames,
  sqlType,
  validateField,
  validateFields,
} from './field-definition';
export { operatorsOf } from './operators';
export { isTimeZone } from './time-zone';
export { maxListValues } from './validate-value';
export { conditionLimits, validateCondition, type ConditionCheck, type ConditionLimits } from './validate-condition';
export { compileSql } from './compile-condition';
export { evaluate, explain, prepare, type EvaluationContext, type LeafExplanation } from './evaluate';
export { describe } from './describe';
export { fieldsOf } from './fields-of';
export { permutationKey, permute, rangeValue, type PermutationKey, type SaltUse } from './permutation';
export { countSql, packedSql, previewSql, selectSql } from './select';
export { inlineParameters } from './inline-parameters';
