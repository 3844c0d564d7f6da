export { eventSchema, type DataOf, type EventDeclaration, type EventOf } from './declaration';
export { CONTRACTS, declarationOf, snapshotDeclarationOf, type EventType, type MusterEvent } from './registry';
export { snapshotSchema, type SnapshotDeclaration, type SnapshotOf } from './snapshot-declaration';
export { SNAPSHOT_DOCUMENTS, type Snapshot } from '../snapshots';
