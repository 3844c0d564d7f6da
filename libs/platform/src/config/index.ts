/** What those need who work on an installation without being one of its services; it loads no framework. */
export { roleOf, SERVICE_CONTEXTS, type ServiceContext } from '../context/service-context';
export { readConfig, type Config } from './config';
export { ConfigError } from './variables';
