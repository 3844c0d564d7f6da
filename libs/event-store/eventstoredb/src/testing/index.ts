export { EventStoreDbDouble } from './double';
export { NO_FAULTS, type Faults, type Report } from './faults';
