export * from './audience.events';
