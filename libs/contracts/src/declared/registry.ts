import { AUDIENCES_EVENTS } from '../audiences';
import { CAMPAIGNS_EVENTS } from '../campaigns';
import { SEGMENTS_EVENTS } from '../segments';
import { SNAPSHOT_DOCUMENTS } from '../snapshots';
import type { EventDeclaration, EventOf } from './declaration';
import type { SnapshotDeclaration } from './snapshot-declaration';

/** Every integration event that Muster tells, in every version. */
export const CONTRACTS = [...SEGMENTS_EVENTS, ...CAMPAIGNS_EVENTS, ...AUDIENCES_EVENTS] as const;

/** Any event of Muster: its `type` says which, and with that what its `data` is. */
export type MusterEvent = EventOf<(typeof CONTRACTS)[number]>;

export type EventType = MusterEvent['type'];

const BY_TYPE = new Map<string, EventDeclaration>(CONTRACTS.map((declared) => [declared.type, declared]));

/** The declaration of a type; undefined where there is none of this name and version. */
export function declarationOf(type: string): EventDeclaration | undefined {
  return BY_TYPE.get(type);
}

const SNAPSHOT_BY_TYPE = new Map<string, SnapshotDeclaration>(SNAPSHOT_DOCUMENTS.map((one) => [one.type, one]));

/** The declaration of a document of a snapshot; undefined where there is none of this name and version. */
export function snapshotDeclarationOf(type: string): SnapshotDeclaration | undefined {
  return SNAPSHOT_BY_TYPE.get(type);
}
