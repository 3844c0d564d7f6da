export * from './api-key.events';
