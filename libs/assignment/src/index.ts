export { ALGORITHM, arrive, build } from './assignment';
export type { ArriveInput, Assigned, BuildInput, Epoch } from './assignment';
export { remap, switchOff, type Moved, type RemapInput } from './changes';
export { epochText, h52 } from './draw';
export { dayAfter, STRATUM_FIELD_TYPES, type StratumFieldType } from './field-values';
export { fmix32, range, rank, rankKey, ranksOf, type RankKey, type RankWord } from './permutation';
export { buildQuotas, fractionOf, WHOLE, type Share, type StratumCounts } from './quotas';
export { smallest, type StratifiedMembers } from './selection';
export { strataOf, stratumCodeOf, stratumCoder, stratumHash } from './stratification';
export type {
  Bucket,
  RangeBucket,
  StratificationDefinition,
  StratificationField,
  Stratum,
  StratumAttributes,
  StratumValue,
  ValuesBucket,
} from './stratification';
export {
  MOST_STRATA,
  MOST_STRATUM_FIELDS,
  MOST_STRATUM_VALUES,
  validateStratification,
} from './validate-stratification';
export { verify, type Discrepancies, type RecordedOutcome } from './verify';
