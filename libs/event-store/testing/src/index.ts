export { aNewEvent, newEvents, someMetadata } from './a-new-event';
export { eventStoreConformance } from './conformance';
export { Follower, aCategory, aStream, collect, type ConformanceSetup, type Outage } from './fixture';
