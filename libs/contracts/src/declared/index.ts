export { eventSchema, type DataOf, type EventDeclaration, type EventOf } from './declaration';
export { CONTRACTS, declarationOf, type EventType, type MusterEvent } from './registry';
