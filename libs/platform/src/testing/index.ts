export { settle } from '../operations/settle';
export { startTestApp, type TestApp, type TestAppOptions, type TestResponse } from './test-app';
export { TestKeys } from './test-keys';
export { undeclaredRoutes } from './undeclared-routes';
