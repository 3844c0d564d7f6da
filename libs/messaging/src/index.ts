export * from './integration-bus';
