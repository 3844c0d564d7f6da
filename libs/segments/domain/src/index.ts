export * from './profile-database';
export * from './segment';
export * from './segment-members';
export * from './segment.commands';
export * from './segment.decider';
