/** How a refusal is answered: 422, 404, 409, 403, 413, 412, 401, 503, 400, 410, 415, 500 in this order, said by the HTTP filter alone. */
export type ProblemKind =
  | 'invalid'
  | 'not-found'
  | 'conflict'
  | 'forbidden'
  | 'too-large'
  | 'stale'
  | 'unauthenticated'
  | 'unavailable'
  | 'malformed'
  | 'gone'
  | 'unsupported-media'
  | 'internal';

interface Problem {
  readonly kind: ProblemKind;
  /** The title of the problem document: the same for every occurrence. */
  readonly title: string;
}

/** Every code that Muster answers with. The API page, `docs/problems.md` and the filter are made from this table. */
export const problems = {
  // every service
  VALIDATION_FAILED: { kind: 'invalid', title: 'The request does not meet its schema' },
  MALFORMED_BODY: { kind: 'malformed', title: 'The body cannot be read' },
  NOT_FOUND: { kind: 'not-found', title: 'There is no such resource' },
  UNAUTHENTICATED: { kind: 'unauthenticated', title: 'An API key is needed' },
  FORBIDDEN: { kind: 'forbidden', title: 'This key may not do that' },
  PAYLOAD_TOO_LARGE: { kind: 'too-large', title: 'The body is too large' },
  UNSUPPORTED_MEDIA_TYPE: { kind: 'unsupported-media', title: 'The body is of a type that is not read here' },
  REVISION_STALE: { kind: 'stale', title: 'The resource changed since it was read' },
  CONCURRENT_CHANGE: { kind: 'conflict', title: 'Others changed the resource at the same time' },
  IDEMPOTENCY_KEY_REUSED: { kind: 'invalid', title: 'The idempotency key was used with another body' },
  READ_MODEL_BEHIND: { kind: 'unavailable', title: 'The read model has not caught up yet' },
  DEPENDENCY_UNAVAILABLE: { kind: 'unavailable', title: 'Something this service needs is away' },
  INTERNAL_ERROR: { kind: 'internal', title: 'The service failed' },
  CURSOR_INVALID: { kind: 'invalid', title: 'The cursor is not one of ours' },
  CURSOR_GONE: { kind: 'gone', title: 'The cursor belongs to another store' },

  // profile databases, fields, imports
  DATABASE_NOT_FOUND: { kind: 'not-found', title: 'There is no such profile database' },
  DATABASE_IN_USE: { kind: 'conflict', title: 'The profile database is in use' },
  FIELD_EXISTS: { kind: 'conflict', title: 'The field exists already' },
  FIELD_UNKNOWN: { kind: 'invalid', title: 'The profile database has no such field' },
  FIELD_IN_USE: { kind: 'conflict', title: 'The field is in use' },
  FIELD_INVALID: { kind: 'invalid', title: 'The field definition is not valid' },
  PROFILE_NOT_FOUND: { kind: 'not-found', title: 'There is no such profile' },
  IMPORT_NOT_FOUND: { kind: 'not-found', title: 'There is no such import' },
  IMPORT_INVALID: { kind: 'invalid', title: 'The import cannot start' },
  IMPORT_IN_PROGRESS: { kind: 'conflict', title: 'The import is still running' },
  INTERACTIONS_INVALID: { kind: 'invalid', title: 'The interactions cannot be read' },
  PROFILE_NUMBERS_EXHAUSTED: { kind: 'conflict', title: 'The profile database has no free profile numbers' },

  // conditions and segments
  CONDITION_INVALID: { kind: 'invalid', title: 'The condition is not valid' },
  SEGMENT_NOT_FOUND: { kind: 'not-found', title: 'There is no such segment' },
  SEGMENT_EXISTS: { kind: 'conflict', title: 'The segment exists already' },
  SEGMENT_INVALID: { kind: 'invalid', title: 'The segment is not valid' },
  SEGMENT_NOT_STATIC: { kind: 'conflict', title: 'Only static segments can be filled by hand' },
  SEGMENT_RUN_IN_PROGRESS: { kind: 'conflict', title: 'A recalculation is in progress' },
  SEGMENT_IN_USE: { kind: 'conflict', title: 'The segment is in use' },
  SEGMENT_DELETED: { kind: 'conflict', title: 'The segment is in the bin' },
  SEGMENT_NOT_CALCULATED: { kind: 'conflict', title: 'The segment has not been calculated yet' },
  SEGMENT_REVISION_GONE: { kind: 'conflict', title: 'The segment cannot be read at that revision any more' },
  PROFILES_UNKNOWN: { kind: 'invalid', title: 'Some profiles are not in the profile database' },

  // campaigns and activities
  CAMPAIGN_NOT_FOUND: { kind: 'not-found', title: 'There is no such campaign' },
  CAMPAIGN_EXISTS: { kind: 'conflict', title: 'The campaign exists already' },
  CAMPAIGN_INVALID: { kind: 'invalid', title: 'The campaign is not valid' },
  CAMPAIGN_STATUS_CONFLICT: { kind: 'conflict', title: 'The status of the campaign does not allow that' },
  CAMPAIGN_HAS_NO_ACTIVITY: { kind: 'conflict', title: 'The campaign has no activity' },
  LCG_INVALID: { kind: 'invalid', title: 'The local control group settings are not valid' },
  LCG_NUMBER_NEEDS_PERCENT: { kind: 'invalid', title: 'Raising the number needs a percent for the newcomers' },
  STRATIFICATION_INVALID: { kind: 'invalid', title: 'The stratification is not valid' },
  ACTIVITY_NOT_FOUND: { kind: 'not-found', title: 'There is no such activity' },
  ACTIVITY_EXISTS: { kind: 'conflict', title: 'The activity exists already' },
  ACTIVITY_INVALID: { kind: 'invalid', title: 'The activity is not valid' },
  ACTIVITY_CANNOT_BE_ATTACHED: { kind: 'conflict', title: 'The activity cannot be attached to this campaign' },
  ACTIVITY_CANNOT_BE_MOVED: { kind: 'conflict', title: 'The activity cannot be moved' },
  ACTIVITY_STATUS_CONFLICT: { kind: 'conflict', title: 'The status of the activity does not allow that' },

  // audiences and insights
  AUDIENCE_NOT_FOUND: { kind: 'not-found', title: 'The campaign has no audience' },
  AUDIENCE_NOT_BUILT: { kind: 'conflict', title: 'The audience is still being built' },
  BUILD_NOT_FOUND: { kind: 'not-found', title: 'There is no such build' },
  FEED_BUSY: { kind: 'unavailable', title: 'Too many follow the feed here' },
  AS_OF_INVALID: { kind: 'invalid', title: 'The instant cannot be asked for' },

  // access
  API_KEY_EXISTS: { kind: 'conflict', title: 'The API key exists already' },
  API_KEY_INVALID: { kind: 'invalid', title: 'The API key is not valid' },
  API_KEY_NOT_FOUND: { kind: 'not-found', title: 'There is no such API key' },
} as const satisfies Readonly<Record<string, Problem>>;

export type ProblemCode = keyof typeof problems;
