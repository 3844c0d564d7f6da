export * from './canonical-json';
export * from './command';
export * from './decider';
export * from './domain-error';
export * from './ports';
export * from './problems';
