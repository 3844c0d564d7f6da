export * from './aggregates';
export { EventSourcedAggregates, type AggregatesOptions } from './event-sourced-aggregates';
export { PostgresSnapshots, SNAPSHOT_DDL } from './postgres-snapshots';
export { MemorySnapshots, type SnapshotRead, type SnapshotStore, type SnapshotToWrite } from './snapshots';
