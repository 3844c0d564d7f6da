export * from './audience.events';
export { audiencesTranslation } from './translation';
