export { projectionCheckpointDdl } from './checkpoints';
export * from './projection';
export { ProjectionRunner, type ProjectionRunnerOptions } from './projection-runner';
