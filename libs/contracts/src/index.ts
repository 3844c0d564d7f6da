/** What is light: types, names of topics, and the envelope. Schemas and validators have entries of their own. */
export type * from './audiences';
export type * from './campaigns';
export * from './envelope';
export * from './integration-event';
export type * from './queries';
export type * from './segments';
export type * from './snapshots';
export * from './topics';
