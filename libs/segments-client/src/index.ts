export { CallFigures } from './call-figures';
export type { CircuitBreakerOptions } from './circuit-breaker';
export { HttpSegmentsApi } from './http-segments-api';
export type { HttpSegmentsApiOptions } from './options';
export { SegmentsClientModule, type SegmentsConnection } from './segments-client.module';
export {
  SEGMENTS_API_PATH,
  decodeCodes,
  decodeMembershipPage,
  decodeProfiles,
  encodeCodes,
  encodeMembershipPage,
  encodeProfiles,
} from './wire';
