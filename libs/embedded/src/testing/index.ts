export { describeIf } from './describe-if';
export { createTestDatabase, type TestDatabase } from './test-database';
