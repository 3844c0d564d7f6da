export { describeIf } from './describe-if';
export { createTestDatabase, type TestDatabase } from './test-database';
export { forkSource } from './fork-source';
