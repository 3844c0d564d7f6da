export { seededAnomalies, type Anomalies, type Anomaly, type AnomalyRates, type Operation } from './anomalies';
export { MemoryEventStore, type MemoryEventStoreOptions } from './memory-event-store';
export { MemoryLog } from './memory-log';
