export { EmbeddedPostgres, type EmbeddedPostgresOptions, type RunningPostgres } from './embedded-postgres';
export { EmbeddedPostgresError, type EmbeddedPostgresErrorCode } from './errors';
export { firstReachableFolder } from './server-user';
export { durableSettings, throwawaySettings, type PostgresSettings } from './settings';
