export { asyncApi } from './async-api';
export { breakingChanges, releaseOf, type ReleasedContract } from './breaking-changes';
export { exampleOf, keyOf } from './example';
export { jsonSchemaOf, type JsonSchema } from './json-schema';
