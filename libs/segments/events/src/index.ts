export * from './profile-database.events';
export * from './segment-members.events';
export * from './segment.events';
export * from './translation';
