export * from './envelope';
export * from './audiences';
export * from './campaigns';
export * from './integration-event';
export * from './queries';
export * from './segments';
