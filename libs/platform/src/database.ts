/** For those who prepare a database without being one of its services; it loads no framework. */
export { mayPrepare, prepareDatabase } from './context/prepare-database';
export { createLogin } from './context/roles';
export type { ServiceContext } from './context/service-context';
