export { projectionCheckpointDdl } from './checkpoints';
export type { Lease, Leases } from './ownership';
export * from './projection';
export { ProjectionRunner, type ProjectionRunnerOptions } from './projection-runner';
