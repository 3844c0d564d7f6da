export { Checkpoints, generationSchema, projectionCheckpointDdl, type Generation } from './checkpoints';
export * from './projection';
export { ProjectionRunner, type ProjectionRunnerOptions } from './projection-runner';
export { RebuildRequests, type RebuildRequest } from './rebuild-requests';
