export * from './api-key.decider';
